// Reads a JSON list of Terraform texts from standard input and says what HashiCorp's own parser makes of each: its blocks
// with every value as it was meant, or an error. A template in a text is an error, since nothing of ours may be one.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

type block struct {
	Type       string         `json:"type"`
	Labels     []string       `json:"labels"`
	Attributes map[string]any `json:"attributes"`
	Blocks     []block        `json:"blocks"`
}

type result struct {
	Error     string  `json:"error,omitempty"`
	Formatted bool    `json:"formatted"`
	Blocks    []block `json:"blocks"`
}

func main() {
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	results := make([]result, 0, len(texts))
	for _, text := range texts {
		results = append(results, read([]byte(text)))
	}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(text []byte) result {
	file, problems := hclsyntax.ParseConfig(text, "trust.tf", hcl.InitialPos)
	if problems.HasErrors() {
		return result{Error: problems.Error()}
	}
	blocks, err := blocksOf(file.Body.(*hclsyntax.Body))
	if err != nil {
		return result{Error: err.Error()}
	}
	return result{Formatted: bytes.Equal(hclwrite.Format(text), text), Blocks: blocks}
}

func blocksOf(body *hclsyntax.Body) ([]block, error) {
	blocks := make([]block, 0, len(body.Blocks))
	for _, one := range body.Blocks {
		attributes := map[string]any{}
		for name, attribute := range one.Body.Attributes {
			value, err := valueOf(attribute.Expr)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			attributes[name] = value
		}
		within, err := blocksOf(one.Body)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, block{one.Type, append([]string{}, one.Labels...), attributes, within})
	}
	return blocks, nil
}

// Functions that take values apart, which trust writes beside jsonencode.
var functions = map[string]bool{"jsondecode": true, "replace": true, "substr": true, "tolist": true}

// A reference is {"ref": …}, a call of jsonencode {"json": …} and one of another function {"call": …}; what is taken out of a
// value is {"of": …}, and everything else the value itself.
func valueOf(expression hclsyntax.Expression) (any, error) {
	switch one := expression.(type) {
	case *hclsyntax.TemplateExpr:
		if len(one.Parts) > 0 && !one.IsStringLiteral() {
			return nil, fmt.Errorf("a template at %s", one.Range())
		}
		value, problems := one.Value(nil)
		if problems.HasErrors() {
			return nil, problems
		}
		return value.AsString(), nil
	case *hclsyntax.LiteralValueExpr:
		switch one.Val.Type() {
		case cty.Bool:
			return one.Val.True(), nil
		case cty.Number:
			number, _ := one.Val.AsBigFloat().Float64()
			return number, nil
		}
	case *hclsyntax.ScopeTraversalExpr:
		return map[string]any{"ref": nameOf(one.Traversal)}, nil
	case *hclsyntax.TupleConsExpr:
		values := make([]any, 0, len(one.Exprs))
		for _, part := range one.Exprs {
			value, err := valueOf(part)
			if err != nil {
				return nil, err
			}
			values = append(values, value)
		}
		return values, nil
	case *hclsyntax.ObjectConsExpr:
		values := map[string]any{}
		for _, item := range one.Items {
			key, problems := item.KeyExpr.Value(nil)
			if problems.HasErrors() {
				return nil, problems
			}
			value, err := valueOf(item.ValueExpr)
			if err != nil {
				return nil, err
			}
			values[key.AsString()] = value
		}
		return values, nil
	case *hclsyntax.FunctionCallExpr:
		if one.Name == "jsonencode" && len(one.Args) == 1 {
			value, err := valueOf(one.Args[0])
			return map[string]any{"json": value}, err
		}
		if functions[one.Name] {
			values := []any{one.Name}
			for _, part := range one.Args {
				value, err := valueOf(part)
				if err != nil {
					return nil, err
				}
				values = append(values, value)
			}
			return map[string]any{"call": values}, nil
		}
	case *hclsyntax.IndexExpr:
		from, err := valueOf(one.Collection)
		if err != nil {
			return nil, err
		}
		key, err := valueOf(one.Key)
		return map[string]any{"of": []any{from, key}}, err
	case *hclsyntax.RelativeTraversalExpr:
		from, err := valueOf(one.Source)
		return map[string]any{"of": []any{from}}, err
	}
	return nil, fmt.Errorf("%T at %s is nothing that trust writes", expression, expression.Range())
}

func nameOf(traversal hcl.Traversal) string {
	name := traversal.RootName()
	for _, step := range traversal[1:] {
		if attribute, ok := step.(hcl.TraverseAttr); ok {
			name += "." + attribute.Name
		}
	}
	return name
}
