// Prints the .proto files of the services that Regent answers: nothing but what their messages reach.
//
//	go run . OUT_DIR
//
// The source is the descriptors that are compiled into the Go modules pinned in go.mod, so the version of Envoy is the
// version of that module. Custom options (validation, versioning and migration annotations) are left out, because they
// say nothing about the wire and would pull in a third of the files.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	_ "github.com/envoyproxy/go-control-plane/envoy/service/auth/v2"
	_ "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"github.com/jhump/protoreflect/v2/protoprint"
	_ "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

var services = []protoreflect.FullName{
	"envoy.service.auth.v2.Authorization",
	"envoy.service.auth.v3.Authorization",
	"envoy.service.ext_proc.v3.ExternalProcessor",
	"grpc.health.v1.Health",
}

// Every protobuf implementation brings these along.
const wellKnown = "google/protobuf/"

func main() {
	if len(os.Args) != 2 {
		fatal(fmt.Errorf("usage: go run . OUT_DIR"))
	}
	closure, err := reach(services)
	fatal(err)
	files, err := closure.prune()
	fatal(err)
	fatal(print(files, os.Args[1]))
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "proto:", err)
		os.Exit(1)
	}
}

// closure is what the services reach: full names of services, messages and enums, and the files they are declared in.
type closure struct {
	names map[protoreflect.FullName]bool
	files map[string]protoreflect.FileDescriptor
}

func reach(roots []protoreflect.FullName) (*closure, error) {
	c := &closure{map[protoreflect.FullName]bool{}, map[string]protoreflect.FileDescriptor{}}
	for _, name := range roots {
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		service, ok := found.(protoreflect.ServiceDescriptor)
		if !ok {
			return nil, fmt.Errorf("%s is not a service", name)
		}
		c.add(service)
		for i := range service.Methods().Len() {
			method := service.Methods().Get(i)
			c.addMessage(method.Input())
			c.addMessage(method.Output())
		}
	}
	return c, nil
}

func (c *closure) add(d protoreflect.Descriptor) {
	c.names[d.FullName()] = true
	c.files[d.ParentFile().Path()] = d.ParentFile()
}

func (c *closure) addMessage(message protoreflect.MessageDescriptor) {
	if c.names[message.FullName()] {
		return
	}
	c.add(message)
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		if field.Message() != nil {
			c.addMessage(field.Message())
		}
		if field.Enum() != nil {
			c.add(field.Enum())
		}
	}
}

// prune returns the files with only what is in the closure, resolved against each other.
func (c *closure) prune() ([]protoreflect.FileDescriptor, error) {
	set := &descriptorpb.FileDescriptorSet{}
	for _, file := range c.files {
		set.File = append(set.File, c.pruneFile(file))
	}
	resolved, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, err
	}
	var files []protoreflect.FileDescriptor
	resolved.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(file.Path(), wellKnown) {
			files = append(files, file)
		}
		return true
	})
	return files, nil
}

func (c *closure) pruneFile(source protoreflect.FileDescriptor) *descriptorpb.FileDescriptorProto {
	file := protodesc.ToFileDescriptorProto(source)
	pkg := source.Package()
	file.Options, file.Extension, file.SourceCodeInfo = nil, nil, nil
	file.PublicDependency, file.WeakDependency = nil, nil
	file.MessageType = c.pruneMessages(pkg, file.MessageType)
	file.EnumType = c.pruneEnums(pkg, file.EnumType)
	file.Service = slices.DeleteFunc(file.Service, func(service *descriptorpb.ServiceDescriptorProto) bool {
		return !c.names[pkg.Append(protoreflect.Name(service.GetName()))]
	})
	for _, service := range file.Service {
		service.Options = nil
		for _, method := range service.Method {
			method.Options = nil
		}
	}
	file.Dependency = c.dependencies(source.Path(), file)
	return file
}

// pruneMessages drops what the services do not reach. What is not reached itself but holds something that is stays as an
// empty shell around it.
func (c *closure) pruneMessages(
	parent protoreflect.FullName, messages []*descriptorpb.DescriptorProto,
) []*descriptorpb.DescriptorProto {
	return slices.DeleteFunc(messages, func(message *descriptorpb.DescriptorProto) bool {
		name := parent.Append(protoreflect.Name(message.GetName()))
		message.NestedType = c.pruneMessages(name, message.NestedType)
		message.EnumType = c.pruneEnums(name, message.EnumType)
		message.Extension, message.ExtensionRange = nil, nil
		if options := message.Options; options != nil {
			message.Options = &descriptorpb.MessageOptions{MapEntry: options.MapEntry}
		}
		for _, field := range message.Field {
			if options := field.Options; options != nil {
				field.Options = &descriptorpb.FieldOptions{Deprecated: options.Deprecated, Packed: options.Packed}
			}
		}
		for _, oneof := range message.OneofDecl {
			oneof.Options = nil
		}
		if c.names[name] {
			return false
		}
		message.Field, message.OneofDecl = nil, nil
		return len(message.NestedType)+len(message.EnumType) == 0
	})
}

func (c *closure) pruneEnums(
	parent protoreflect.FullName, enums []*descriptorpb.EnumDescriptorProto,
) []*descriptorpb.EnumDescriptorProto {
	return slices.DeleteFunc(enums, func(enum *descriptorpb.EnumDescriptorProto) bool {
		if options := enum.Options; options != nil {
			enum.Options = &descriptorpb.EnumOptions{AllowAlias: options.AllowAlias}
		}
		for _, value := range enum.Value {
			value.Options = nil
		}
		return !c.names[parent.Append(protoreflect.Name(enum.GetName()))]
	})
}

// dependencies are the files that the types left in a file are declared in, sorted.
func (c *closure) dependencies(self string, file *descriptorpb.FileDescriptorProto) []string {
	paths := map[string]bool{}
	need := func(typeName string) {
		name := protoreflect.FullName(strings.TrimPrefix(typeName, "."))
		if found, err := protoregistry.GlobalFiles.FindDescriptorByName(name); err == nil {
			paths[found.ParentFile().Path()] = true
		}
	}
	var visit func(messages []*descriptorpb.DescriptorProto)
	visit = func(messages []*descriptorpb.DescriptorProto) {
		for _, message := range messages {
			visit(message.NestedType)
			for _, field := range message.Field {
				if field.TypeName != nil {
					need(field.GetTypeName())
				}
			}
		}
	}
	visit(file.MessageType)
	for _, service := range file.Service {
		for _, method := range service.Method {
			need(method.GetInputType())
			need(method.GetOutputType())
		}
	}
	delete(paths, self)
	sorted := make([]string, 0, len(paths))
	for path := range paths {
		sorted = append(sorted, path)
	}
	slices.Sort(sorted)
	return sorted
}

func print(files []protoreflect.FileDescriptor, outDir string) error {
	printer := protoprint.Printer{}
	for _, file := range files {
		text, err := printer.PrintProtoToString(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file.Path(), err)
		}
		path := filepath.Join(outDir, filepath.FromSlash(file.Path()))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		header := "// Generated by tools/proto/generate; do not edit.\n\n"
		if err := os.WriteFile(path, []byte(header+text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
