package algolia_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia"
)

// found returns the objectIDs of a search's hits, in their order.
func found(t *testing.T, server *algolia.Server, params string) string {
	t.Helper()
	var out struct{ Hits []struct{ ObjectID string } }
	if err := json.Unmarshal([]byte(do(t, server, "POST", "/1/indexes/i/query", params)), &out); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, h := range out.Hits {
		ids = append(ids, h.ObjectID)
	}
	return strings.Join(ids, " ")
}

// change sends a write and waits until its task is published.
func change(t *testing.T, server *algolia.Server, method, path, body string) {
	t.Helper()
	var task struct{ TaskID int64 }
	if err := json.Unmarshal([]byte(do(t, server, method, path, body)), &task); err != nil {
		t.Fatal(err)
	}
	eventually(t, path, func() bool {
		return strings.Contains(do(t, server, "GET", fmt.Sprintf("/1/task/%d", task.TaskID), ""), `"published"`)
	})
}

// phones are the records of the tests below.
func phones(t *testing.T, settings string) *algolia.Server {
	t.Helper()
	server := newServer(t)
	change(t, server, "PUT", "/1/indexes/i/settings", settings)
	change(t, server, "POST", "/1/indexes/i/batch", `{"requests":[
		{"action":"addObject","body":{"objectID":"1","name":"apple iphone","brand":"Apple","n":1,"m":1}},
		{"action":"addObject","body":{"objectID":"2","name":"galaxy phone","brand":"Samsung","n":2,"m":2}},
		{"action":"addObject","body":{"objectID":"3","name":"pixel phone","brand":"Google","n":3,"m":3}},
		{"action":"addObject","body":{"objectID":"4","name":"phone case","brand":"Other","n":4,"m":4}}]}`)
	return server
}

// TestSynonymsApply saves a synonym of each type and asks for its words, both ways.
func TestSynonymsApply(t *testing.T) {
	server := phones(t, `{"searchableAttributes":["name"],"typoTolerance":false}`)
	for synonym, want := range map[string][2]string{ // what finds mobile, and what finds galaxy
		`{"type":"synonym","synonyms":["mobile","galaxy"]}`:                  {"2", "2"},
		`{"type":"oneWaySynonym","input":"mobile","synonyms":["galaxy"]}`:    {"2", "2"},
		`{"type":"oneWaySynonym","input":"galaxy","synonyms":["pixel"]}`:     {"", "2 3"},
		`{"type":"altCorrection1","word":"mobile","corrections":["galaxy"]}`: {"2", "2"},
		`{"type":"synonym","synonyms":["two words","galaxy"]}`:               {"", "2"},
	} {
		change(t, server, "PUT", "/1/indexes/i/synonyms/s", synonym)
		got := [2]string{found(t, server, `{"query":"mobile"}`), found(t, server, `{"query":"galaxy"}`)}
		if ids := strings.Fields(got[1]); len(ids) == 2 { // their order is the ranking's
			slices.Sort(ids)
			got[1] = strings.Join(ids, " ")
		}
		if got != want {
			t.Errorf("%s: %q, want %q", synonym, got, want)
		}
	}
}

// TestRulesApply saves one rule at a time and asks, with the rule and without.
func TestRulesApply(t *testing.T) {
	const exact = `,"typoTolerance":false`
	for name, c := range map[string]struct{ rule, params, want string }{
		"contains":            {`{"conditions":[{"pattern":"phone","anchoring":"contains"}],"consequence":{"promote":[{"objectID":"1","position":0}]}}`, `"query":"phone"` + exact, "1 4 3 2"},
		"the middle":          {`{"conditions":[{"pattern":"phone","anchoring":"contains"}],"consequence":{"promote":[{"objectID":"1","position":1}]}}`, `"query":"phone"` + exact, "4 1 3 2"},
		"behind the end":      {`{"conditions":[{"pattern":"phone","anchoring":"contains"}],"consequence":{"promote":[{"objectID":"1","position":99}]}}`, `"query":"phone"` + exact, "4 3 2 1"},
		"several":             {`{"conditions":[{"pattern":"phone","anchoring":"is"}],"consequence":{"promote":[{"objectIDs":["2","1"],"position":1}]}}`, `"query":"phone"` + exact, "4 2 1 3"},
		"a page":              {`{"consequence":{"promote":[{"objectID":"1","position":1}]}}`, `"query":"phone","hitsPerPage":1,"page":1` + exact, "1"},
		"is":                  {`{"conditions":[{"pattern":"phone","anchoring":"is"}],"consequence":{"hide":[{"objectID":"4"}]}}`, `"query":"PHONE"` + exact, "3 2"},
		"is not":              {`{"conditions":[{"pattern":"phone","anchoring":"is"}],"consequence":{"hide":[{"objectID":"4"}]}}`, `"query":"phone case"` + exact, "4"},
		"begins":              {`{"conditions":[{"pattern":"phone","anchoring":"startsWith"}],"consequence":{"hide":[{"objectID":"4"}]}}`, `"query":"phone case"` + exact, ""},
		"ends":                {`{"conditions":[{"pattern":"phone","anchoring":"endsWith"}],"consequence":{"hide":[{"objectID":"3"}]}}`, `"query":"pixel phone"` + exact, ""},
		"neither":             {`{"conditions":[{"pattern":"phone","anchoring":"endsWith"}],"consequence":{"hide":[{"objectID":"4"}]}}`, `"query":"phone case"` + exact, "4"},
		"nothing asked":       {`{"conditions":[{"pattern":"","anchoring":"is"}],"consequence":{"hide":[{"objectID":"4"}]}}`, `"query":""`, "3 2 1"},
		"the old condition":   {`{"condition":{"pattern":"phone","anchoring":"is"},"consequence":{"hide":[{"objectID":"4"}]}}`, `"query":"phone"` + exact, "3 2"},
		"filters":             {`{"conditions":[{"pattern":"phone","anchoring":"contains"}],"consequence":{"params":{"filters":"brand:Google"}}}`, `"query":"phone"` + exact, "3"},
		"filters beside":      {`{"conditions":[{"pattern":"phone","anchoring":"contains"}],"consequence":{"params":{"filters":"n > 2"}}}`, `"query":"phone","filters":"n < 4"` + exact, "3"},
		"another query":       {`{"conditions":[{"pattern":"phone","anchoring":"is"}],"consequence":{"params":{"query":"pixel"}}}`, `"query":"phone"` + exact, "3"},
		"edits":               {`{"conditions":[{"pattern":"mobile phone","anchoring":"contains"}],"consequence":{"params":{"query":{"edits":[{"type":"remove","delete":"mobile"},{"type":"replace","delete":"phone","insert":"iphone"}]}}}}`, `"query":"a mobile phone apple","optionalWords":["a"]` + exact, "1"},
		"removed":             {`{"conditions":[{"pattern":"cheap","anchoring":"contains"}],"consequence":{"params":{"query":{"remove":["cheap"]}}}}`, `"query":"cheap pixel"` + exact, "3"},
		"a context":           {`{"conditions":[{"context":"mobile"}],"consequence":{"hide":[{"objectID":"4"}]}}`, `"ruleContexts":["mobile"]`, "3 2 1"},
		"another context":     {`{"conditions":[{"context":"mobile"}],"consequence":{"hide":[{"objectID":"4"}]}}`, `"ruleContexts":["desk"]`, "4 3 2 1"},
		"both":                {`{"conditions":[{"context":"mobile","pattern":"phone","anchoring":"is"}],"consequence":{"hide":[{"objectID":"4"}]}}`, `"ruleContexts":["mobile"]`, "4 3 2 1"},
		"switched off":        {`{"enabled":false,"consequence":{"hide":[{"objectID":"4"}]}}`, `"query":""`, "4 3 2 1"},
		"over":                {`{"validity":[{"from":1,"until":2}],"consequence":{"hide":[{"objectID":"4"}]}}`, `"query":""`, "4 3 2 1"},
		"without rules":       {`{"consequence":{"hide":[{"objectID":"4"}]}}`, `"enableRules":false`, "4 3 2 1"},
		"past the filter":     {`{"consequence":{"promote":[{"objectID":"1","position":0}]}}`, `"filters":"brand:Google"`, "1 3"},
		"within the filter":   {`{"consequence":{"filterPromotes":true,"promote":[{"objectID":"1","position":0}]}}`, `"filters":"brand:Google"`, "3"},
		"a facet's value":     {`{"conditions":[{"pattern":"{facet:brand}","anchoring":"contains"}],"consequence":{"hide":[{"objectID":"3"}]}}`, `"query":"google"`, ""},
		"another page's size": {`{"consequence":{"params":{"hitsPerPage":2}}}`, `"query":""`, "4 3"},
	} {
		server := phones(t, `{"searchableAttributes":["name"],"attributesForFaceting":["brand"]}`)
		change(t, server, "PUT", "/1/indexes/i/rules/r", c.rule)
		if got := found(t, server, "{"+c.params+"}"); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestWhatRulesSay looks at the members that rules add to an answer.
func TestWhatRulesSay(t *testing.T) {
	server := phones(t, `{"searchableAttributes":["name"],"renderingContent":{"facetOrdering":{"facets":{"order":["brand"]}}}}`)
	change(t, server, "PUT", "/1/indexes/i/rules/r", `{"conditions":[{"pattern":"phone","anchoring":"is"}],"consequence":{"params":{"query":"pixel"},"userData":{"banner":1}}}`)
	got := do(t, server, "POST", "/1/indexes/i/query", `{"query":"phone","getRankingInfo":true}`)
	for _, want := range []string{`"userData":[{"banner":1}]`, `"appliedRules":[{"objectID":"r"}]`, `"query":"phone"`, `"parsedQuery":"pixel"`, `"nbHits":1`, `"renderingContent":{"facetOrdering":{"facets":{"order":["brand"]}}}`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
}

// TestBooleansInURLs sends every boolean of the query strings in every form.
func TestBooleansInURLs(t *testing.T) {
	for value, want := range map[string]bool{"true": true, "1": true, "false": false, "0": false, "": false} {
		server := phones(t, `{"replicas":["r"]}`)
		suffix := func(name string) string {
			if value == "" {
				return ""
			}
			return "?" + name + "=" + value
		}
		change(t, server, "PUT", "/1/indexes/i/rules/old", `{"consequence":{}}`)
		change(t, server, "POST", "/1/indexes/i/rules/batch"+suffix("clearExistingRules"), `[{"objectID":"new","consequence":{}}]`)
		change(t, server, "PUT", "/1/indexes/i/synonyms/old", `{"type":"synonym","synonyms":["a","b"]}`)
		change(t, server, "POST", "/1/indexes/i/synonyms/batch"+suffix("replaceExistingSynonyms"), `[{"objectID":"new","type":"synonym","synonyms":["a","b"]}]`)
		change(t, server, "PUT", "/1/indexes/i/settings"+suffix("forwardToReplicas"), `{"hitsPerPage":7}`)
		change(t, server, "PUT", "/1/indexes/i/rules/forwarded"+suffix("forwardToReplicas"), `{"consequence":{}}`)
		for what, got := range map[string]bool{
			"rules":    !strings.Contains(do(t, server, "POST", "/1/indexes/i/rules/search", ""), `"old"`),
			"synonyms": !strings.Contains(do(t, server, "POST", "/1/indexes/i/synonyms/search", ""), `"old"`),
			"settings": strings.Contains(do(t, server, "GET", "/1/indexes/r/settings", ""), `"hitsPerPage":7`),
			"forward":  strings.Contains(do(t, server, "POST", "/1/indexes/r/rules/search", ""), `"forwarded"`),
		} {
			if got != want {
				t.Errorf("%s with %q: %v", what, value, got)
			}
		}
		change(t, server, "POST", "/1/indexes/i/5/partial"+suffix("createIfNotExists"), `{"n":5}`)
		if created := strings.HasPrefix(found(t, server, `{}`), "5"); created != (want || value == "") {
			t.Errorf("createIfNotExists=%s: %v", value, created)
		}
	}
	server := phones(t, `{}`)
	for _, request := range []string{"PUT /1/indexes/i/settings?forwardToReplicas=yes", "POST /1/indexes/i/rules/batch?clearExistingRules=2", "POST /1/indexes/i/synonyms/batch?replaceExistingSynonyms=", "POST /1/indexes/i/5/partial?createIfNotExists=TRUE"} {
		body := "{}"
		if strings.Contains(request, "batch") {
			body = "[]"
		}
		if got := refusal(t, server, request, body); !strings.Contains(got, "expected boolean") {
			t.Errorf("%s: %s", request, got)
		}
	}
}

// TestNumericAttributes lists which comparisons are allowed by the setting.
func TestNumericAttributes(t *testing.T) {
	for setting, want := range map[string]string{`[]`: "yes yes", `null`: "yes yes", `["n"]`: "yes no", `["equalOnly(n)","m"]`: "refused yes", `["NO_NUMERIC_FILTERING"]`: "no no"} {
		server := phones(t, `{"numericAttributesForFiltering":`+setting+`}`)
		got := ""
		for _, f := range []string{"n", "m"} {
			for form, text := range map[string]string{"filters": fmt.Sprintf(`"filters":"%s >= 3"`, f), "range": fmt.Sprintf(`"filters":"%s:3 TO 9"`, f), "array": fmt.Sprintf(`"numericFilters":["%s>2"]`, f)} {
				said := "no"
				if strings.Contains(setting, "equalOnly("+f) {
					said = refusal(t, server, "POST /1/indexes/i/query", "{"+text+"}")
					if !strings.Contains(said, "equalOnly") || !strings.Contains(refusal(t, server, "POST /1/indexes/i/deleteByQuery", "{"+text+"}"), "equalOnly") {
						t.Errorf("%s of %s: %s", form, setting, said)
					}
					said = "refused"
				} else if found(t, server, "{"+text+"}") == "4 3" {
					said = "yes"
				}
				if form == "array" {
					got += said + " "
				}
			}
		}
		if strings.TrimSpace(got) != want {
			t.Errorf("%s: %s, want %s", setting, got, want)
		}
	}
	if got := found(t, phones(t, `{"numericAttributesForFiltering":["equalOnly(n)"]}`), `{"filters":"n = 3 OR n != 3"}`); got != "4 3 2 1" {
		t.Errorf("equal: %s", got)
	}
}

// TestKeysLeaveOutEmptyLists reads keys as the service answers them.
func TestKeysLeaveOutEmptyLists(t *testing.T) {
	server := newServer(t)
	var key struct{ Key string }
	if err := json.Unmarshal([]byte(do(t, server, "POST", "/1/keys", `{"acl":["search"],"indexes":["a*"]}`)), &key); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"/1/keys/search": false, "/1/keys/" + key.Key: true} {
		got := do(t, server, "GET", path, "")
		if strings.Contains(got, `"referers"`) || strings.Contains(got, `"indexes"`) != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// TestTypesOfParameters sends wrong types of every kind of parameter, in a body and in
// the text of a URL.
func TestTypesOfParameters(t *testing.T) {
	server := phones(t, `{}`)
	for name, wrong := range map[string]string{
		"query": `1 [] {} true`, "hitsPerPage": `true [] "x" 1.5 -1 {}`, "page": `-1 "a" true`, "facets": `1 true {} [1]`, "analytics": `2 "yes" [] {}`, "getRankingInfo": `"on"`,
		"typoTolerance": `"maybe" 3 []`, "distinct": `5 "x" []`, "removeStopWords": `["xx"] "x" {}`, "ignorePlurals": `3`, "queryType": `"prefix" 1 true`, "sortFacetValuesBy": `"size"`,
		"facetFilters": `1 {} [[["a:b"]]] [1]`, "numericFilters": `{}`, "optionalWords": `[1] 1`, "ruleContexts": `true [1]`, "relevancyStrictness": `101 "x"`, "minProximity": `0 8`, "maxFacetHits": `101`,
		"renderingContent": `1 [] "x"`, "aroundRadius": `"some" 0`, "alternativesAsExact": `["x"]`, "exactOnSingleWordQuery": `"x"`, "enableRules": `"no"`, "synonyms": `[]`, "length": `1001`, "mode": `"x"`, "responseFields": `1`, "noSuchThing": `1`,
	} {
		dec := json.NewDecoder(strings.NewReader(wrong))
		for dec.More() {
			var v json.RawMessage
			if err := dec.Decode(&v); err != nil {
				t.Fatal(err)
			}
			if got := refusal(t, server, "POST /1/indexes/i/query", fmt.Sprintf(`{%q:%s}`, name, v)); !strings.HasPrefix(got, "400") || !strings.Contains(got, name) {
				t.Errorf("%s %s: %s", name, v, got)
			}
			if v[0] == '"' {
				text, _ := json.Marshal(url.Values{name: {strings.Trim(string(v), `"`)}}.Encode())
				if got := refusal(t, server, "POST /1/indexes/i/query", fmt.Sprintf(`{"params":%s}`, text)); !strings.Contains(got, name) {
					t.Errorf("%s %s: %s", name, text, got)
				}
			}
		}
	}
	for _, right := range []string{`{"analytics":1}`, `{"typoTolerance":true}`, `{"distinct":true}`, `{"removeStopWords":["en"],"ignorePlurals":"en,fr"}`, `{"params":"analytics=1&facets=%5B%22a%22%5D&distinct=0&getRankingInfo=1"}`, `{"optionalWords":"a"}`, `{"facetFilters":"a:b,(c:d,e:f)"}`, `{"aroundRadius":"all","insideBoundingBox":[[1,2,3,4]]}`, `{"hitsPerPage":null}`, `{"renderingContent":{}}`} {
		do(t, server, "POST", "/1/indexes/i/query", right)
	}
}

// TestListsInURLs reads a record with the attributes in every form of a list.
func TestListsInURLs(t *testing.T) {
	server := phones(t, `{}`)
	for list, want := range map[string]string{`name`: `{"objectID":"1","name":"apple iphone"}`, `["name"]`: `{"objectID":"1","name":"apple iphone"}`, `n,m`: `{"objectID":"1","n":1,"m":1}`, `["n","m"]`: `{"objectID":"1","n":1,"m":1}`} {
		if got := do(t, server, "GET", "/1/indexes/i/1?attributesToRetrieve="+url.QueryEscape(list), ""); got != want {
			t.Errorf("%s: %s", list, got)
		}
		text, _ := json.Marshal(list)
		if got := do(t, server, "POST", "/1/indexes/*/objects", fmt.Sprintf(`{"requests":[{"indexName":"i","objectID":"1","attributesToRetrieve":%s}]}`, text)); !strings.Contains(got, want) {
			t.Errorf("%s: %s", list, got)
		}
	}
	for request, body := range map[string]string{"GET /1/indexes/i/1?attributesToRetrieve=[1]": "", "POST /1/indexes/*/objects": `{"requests":[{"indexName":"i","objectID":"1","attributesToRetrieve":{}}]}`} {
		if got := refusal(t, server, request, body); !strings.Contains(got, "array of strings") {
			t.Errorf("%s: %s", request, got)
		}
	}
}
