// Reads JSON bodies the ways Go servers do, and prints what it found: one line of base64 in, one line out. The first line
// holds shapes: for each, the members that a server has struct fields for.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"reflect"
	"sort"
	"strings"
	"unicode/utf16"
)

// A shape names the fields of a struct, each with the shape of its own value; "*" stands for the elements of a list.
type shape map[string]shape

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 0, 1<<20), 1<<28)
	out := bufio.NewWriter(os.Stdout)
	var shapes map[string]shape
	if !in.Scan() || json.Unmarshal(in.Bytes(), &shapes) != nil {
		os.Exit(1)
	}
	for in.Scan() {
		body, err := base64.StdEncoding.DecodeString(in.Text())
		if err != nil {
			os.Exit(1)
		}
		found := map[string]string{
			"unmarshal": unmarshal(body),
			"decoder":   decode(body),
			"first":     first(body),
		}
		for name, fields := range shapes {
			found["struct "+name] = structured(body, fields)
		}
		line, _ := json.Marshal(found)
		fmt.Fprintln(out, string(line))
		out.Flush()
	}
}

const failed = "error"

// json.Unmarshal takes the whole body.
func unmarshal(body []byte) string {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return failed
	}
	return canonical(value)
}

// A json.Decoder takes the first value and leaves what follows it.
func decode(body []byte) string {
	var value any
	if json.NewDecoder(bytes.NewReader(body)).Decode(&value) != nil {
		return failed
	}
	return canonical(value)
}

// Readers that look members up in the text stop at the first of a name.
func first(body []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	value, err := firstValue(decoder)
	if err != nil || decoder.More() {
		return failed
	}
	if _, err := decoder.Token(); err == nil || err.Error() != "EOF" {
		return failed
	}
	return canonical(value)
}

func firstValue(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	delim, isDelim := token.(json.Delim)
	if !isDelim {
		return token, nil
	}
	if delim == '[' {
		list := []any{}
		for decoder.More() {
			value, err := firstValue(decoder)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = decoder.Token()
		return list, err
	}
	object := map[string]any{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		value, err := firstValue(decoder)
		if err != nil {
			return nil, err
		}
		if _, seen := object[key.(string)]; !seen {
			object[key.(string)] = value
		}
	}
	_, err = decoder.Token()
	return object, err
}

// Struct fields take members of any case.
func structured(body []byte, fields shape) string {
	if !json.Valid(body) {
		return failed
	}
	return shaped(body, fields)
}

func shaped(raw json.RawMessage, fields shape) string {
	text := bytes.TrimSpace(raw)
	if elements, isList := fields["*"]; isList && len(text) > 0 && text[0] == '[' {
		var list []json.RawMessage
		if json.Unmarshal(text, &list) != nil {
			return failed
		}
		parts := make([]string, len(list))
		for i, element := range list {
			parts[i] = shaped(element, elements)
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	if len(fields) == 0 || len(text) == 0 || text[0] != '{' {
		return unmarshal(text)
	}
	return members(text, fields)
}

func members(text []byte, fields shape) string {
	names := []string{}
	for name := range fields {
		if name != "*" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	if len(names) == 0 {
		return unmarshal(text)
	}
	types := make([]reflect.StructField, len(names))
	for i, name := range names {
		types[i] = reflect.StructField{
			Name: fmt.Sprintf("F%d", i),
			Type: reflect.TypeOf(json.RawMessage{}),
			Tag:  reflect.StructTag(`json:"` + name + `"`),
		}
	}
	value := reflect.New(reflect.StructOf(types))
	if json.Unmarshal(text, value.Interface()) != nil {
		return failed
	}
	parts := []string{}
	for i, name := range names {
		raw := value.Elem().Field(i).Interface().(json.RawMessage)
		if raw != nil {
			parts = append(parts, units(name)+":"+shaped(raw, fields[name]))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func canonical(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprint(v)
	case string:
		return units(v)
	case float64:
		return decimal(v)
	case []any:
		parts := make([]string, len(v))
		for i, element := range v {
			parts[i] = canonical(element)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case map[string]any:
		parts := []string{}
		for key, member := range v {
			parts = append(parts, units(key)+":"+canonical(member))
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ",") + "}"
	}
	return failed
}

// A text as its UTF-16 code units.
func units(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, unit := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&out, "%04x", unit)
	}
	out.WriteByte('"')
	return out.String()
}

// The exact value of a double, without a sign for zero.
func decimal(value float64) string {
	rat := new(big.Rat)
	if rat.SetFloat64(value) == nil {
		return failed
	}
	if rat.IsInt() {
		return rat.Num().String()
	}
	digits := rat.Denom().BitLen() - 1
	return strings.TrimRight(rat.FloatString(digits), "0")
}
