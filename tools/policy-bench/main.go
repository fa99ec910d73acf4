// Command policy-bench evaluates policies with OPA's Go library and tells what each evaluation took, so that
// bench/policy can measure Regent and OPA in turns in one run.
//
// It reads commands from standard input, one JSON object a line, and answers each with one line on standard output:
//
//	{"load": {"policy": REGO, "data": OBJECT, "query": "data.bench.decision", "input": TEXT}}
//	    compiles the policy, prepares the query, evaluates it once   -> {"result": VALUE}
//	{"run": 100}
//	    evaluates so often, from the bytes of the input to the value -> {"nanos": [TIME, ...]}
//
// A command that fails is answered with {"error": TEXT}. It ends at the end of its input.
//
// One evaluation is what OPA's own servers do with the body of a query: JSON is decoded with numbers as they are
// written, turned into OPA's values, and a prepared query is evaluated with them.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
)

type command struct {
	Load *policyCase `json:"load"`
	Run  int         `json:"run"`
}

type policyCase struct {
	Policy string         `json:"policy"`
	Data   map[string]any `json:"data"`
	Query  string         `json:"query"`
	Input  string         `json:"input"`
}

type answer struct {
	Result any     `json:"result,omitempty"`
	Nanos  []int64 `json:"nanos,omitempty"`
	Error  string  `json:"error,omitempty"`
}

// evaluator holds what is made ready once for many evaluations.
type evaluator struct {
	query rego.PreparedEvalQuery
	input []byte
}

func main() {
	if err := serve(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "policy-bench:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context) error {
	lines := bufio.NewReader(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	var current *evaluator
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("a command without an end of line: %w", err)
		}
		result, err := obey(ctx, line, &current)
		if err != nil {
			result = answer{Error: err.Error()}
		}
		if err := answers.Encode(result); err != nil {
			return err
		}
	}
}

func obey(ctx context.Context, line []byte, current **evaluator) (answer, error) {
	var asked command
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{}, err
	}
	if asked.Load != nil {
		made, err := load(ctx, asked.Load)
		if err != nil {
			return answer{}, err
		}
		*current = made
		value, err := made.evaluate(ctx)
		return answer{Result: value}, err
	}
	if *current == nil {
		return answer{}, errors.New("run before load")
	}
	nanos, err := (*current).run(ctx, asked.Run)
	return answer{Nanos: nanos}, err
}

func load(ctx context.Context, asked *policyCase) (*evaluator, error) {
	query, err := rego.New(
		rego.Query(asked.Query),
		rego.Module("bench.rego", asked.Policy),
		rego.Store(inmem.NewFromObject(asked.Data)),
	).PrepareForEval(ctx)
	if err != nil {
		return nil, err
	}
	return &evaluator{query: query, input: []byte(asked.Input)}, nil
}

func (e *evaluator) run(ctx context.Context, times int) ([]int64, error) {
	nanos := make([]int64, 0, times)
	for range times {
		startedAt := time.Now()
		if _, err := e.evaluate(ctx); err != nil {
			return nil, err
		}
		nanos = append(nanos, time.Since(startedAt).Nanoseconds())
	}
	return nanos, nil
}

// evaluate is one evaluation, from the bytes of the input to the value of the query.
func (e *evaluator) evaluate(ctx context.Context) (any, error) {
	var decoded any
	// NewJSONDecoder decodes with UseNumber.
	if err := util.NewJSONDecoder(bytes.NewReader(e.input)).Decode(&decoded); err != nil {
		return nil, err
	}
	input, err := ast.InterfaceToValue(decoded)
	if err != nil {
		return nil, err
	}
	results, err := e.query.Eval(ctx, rego.EvalParsedInput(input))
	if err != nil {
		return nil, err
	}
	if len(results) == 0 {
		return nil, errors.New("the query is undefined")
	}
	return results[0].Expressions[0].Value, nil
}
