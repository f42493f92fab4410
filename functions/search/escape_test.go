package search

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// attempt is one request that tries to see what is not the caller's.
type attempt struct {
	name, method, path, body string
}

// filterAttempts are filters that would widen a search if any of their text were
// passed on.
var filterAttempts = []string{
	`account:rival`, `account:"rival"`, `account:'rival'`, `ACCOUNT:rival`, `account : rival`, `account:Rival`, `account:RIVAL`,
	`NOT account:acme`, `NOT account:"acme"`, `NOT NOT account:acme`, `account:-acme`, `account:"-acme"`, `account:\-acme`,
	`status:LOST OR account:rival`, `account:rival OR status:LOST`, `status:LOST OR NOT account:acme`, `(account:rival)`, `((account:rival))`,
	`) OR account:rival`, `) OR (account:rival`, `)) OR ((account:rival`, `(status:LOST) OR account:rival`, `status:LOST) OR (account:rival`,
	`status:LOST") OR ("account:rival`, `status:"LOST" OR account:"rival"`, `status:"LOST\" OR account:\"rival"`, `status:"LOST\\" OR account:"rival"`,
	`status:'LOST\' OR account:\'rival'`, `status:LOST" OR account:"rival`, `" OR account:rival OR "`, `' OR account:rival OR '`, `\" OR account:rival`,
	`status:LOST /* */ OR account:rival`, `status:LOST -- OR`, `status:LOST # OR account:rival`, `status:LOST // OR account:rival`,
	`account:rival AND status:LOST`, `account:acme OR account:rival`, `account:acme OR account:rival AND status:LOST`, `status:LOST AND account:rival OR account:rival`,
	`account:rival<score=9>`, `status:LOST<score=9> OR account:rival`, `_tags:rival`, `rival`, `"rival"`, `NOT rival`, `objectID:rival`, `NOT objectID:x`,
	`account >= 0`, `account != 1`, `account:0 TO 9`, `returnId >= 0 OR account:rival`, `returnId >= 0`, `returnId:0 TO 999999999`, `NOT returnId < 0`, `updatedAt > -4611686018427387`,
	`returnId >= 60`, `returnId != 0`, `statusAt >= 0`, `refund.amountMinor >= 60000`, `refund.amountMinor:60000 TO 99999999`,
	"status:LOST\nOR account:rival", "status:LOST\tOR\taccount:rival", "status:LOST\rOR account:rival", "status:LOST\x00 OR account:rival", "status:LOST\u00a0OR account:rival",
	"status:LOST\u2028OR account:rival", "account\u200b:rival", "acc\u006funt:rival", "account：rival", "аccount:rival", "status:\"LOST\uff02 OR account:\uff02rival\"",
	`account:ri* OR account:*`, `account:*`, `*:*`, `account:["acme","rival"]`, `account:{}`, `account:null`, `account:true`, `account IN (acme, rival)`,
	`true`, `1=1`, `1 = 1 OR status:LOST`, `isCod:true OR isCod:false`, `status:LOST OR status:DAMAGED OR status:RESTOCKED`, `NOT status:NONE`, `status:-NONE`,
	`or account:rival`, `status:LOST or account:rival`, `status:LOST Or account:rival`, `status:LOST || account:rival`, `status:LOST | account:rival`, `status:LOST, account:rival`,
	`AND`, `OR`, `NOT`, `AND AND`, `()`, `(`, `)`, `:`, `account:`, `:rival`, `account::rival`, `account:rival:x`, `status:LOST AND`, `status:LOST OR`, `AND account:rival`,
	`status:LOST&filters=account:rival`, `status:LOST%22%20OR%20account:%22rival`, `%61ccount:rival`, `status:LOST%29%20OR%20%28account:rival`, `{"account":"rival"}`, `[["account:rival"]]`,
	strings.Repeat(`(`, 11) + `account:rival` + strings.Repeat(`)`, 11), strings.Repeat(`status:LOST OR `, 200) + `account:rival`, strings.Repeat(`x`, 9000),
	`status:"` + strings.Repeat(`\`, 99) + `" OR account:"rival"`, `status:"` + strings.Repeat(`a`, 513) + `" OR account:rival`,
}

// carriers put a filter into each place that takes one.
var carriers = []func(string) attempt{
	func(f string) attempt {
		return attempt{"filters in an object", http.MethodPost, "/", batchOf("returns", map[string]any{"filters": f, "hitsPerPage": 100, "facets": "*"})}
	},
	func(f string) attempt {
		return attempt{"filters in a text", http.MethodPost, "/", batchOf("es_prod_updatedAt_desc", "hitsPerPage=100&facets=*&filters="+url.QueryEscape(f))}
	},
	func(f string) attempt {
		return attempt{"filters in a text as it is", http.MethodPost, "/", batchOf("returns", "hitsPerPage=100&filters="+f)}
	},
	func(f string) attempt {
		return attempt{"filters beside params", http.MethodPost, "/", `{"requests":[{"indexName":"returns","facets":["*","returnId"],"hitsPerPage":100,"filters":` + quoted(f) + `}]}`}
	},
	func(f string) attempt {
		return attempt{"numeric facets", http.MethodPost, "/", batchOf("returns", map[string]any{"facets": []string{"returnId", "refund.amountMinor"}, "filters": f, "offset": 0, "length": 100, "facetFilters": []any{"returnId:" + f}})}
	},
	func(f string) attempt {
		return attempt{"facetFilters", http.MethodPost, "/", batchOf("returns", map[string]any{"facetFilters": []any{f, []any{f, "status:LOST"}}, "hitsPerPage": 100})}
	},
	func(f string) attempt {
		return attempt{"facetFilters as a text", http.MethodPost, "/", batchOf("returns", map[string]any{"facetFilters": f, "hitsPerPage": 100})}
	},
	func(f string) attempt {
		return attempt{"numericFilters", http.MethodPost, "/", batchOf("returns", map[string]any{"numericFilters": []any{f}, "hitsPerPage": 100})}
	},
	func(f string) attempt {
		return attempt{"filter of a GET", http.MethodGet, "/?hitsPerPage=100&facets=*&filter=" + url.QueryEscape(f), ""}
	},
	func(f string) attempt {
		return attempt{"query of a GET", http.MethodGet, "/?hitsPerPage=100&query=" + url.QueryEscape(f), ""}
	},
	func(f string) attempt {
		return attempt{"facet values", http.MethodPost, "/", `{"requests":[{"indexName":"returns","type":"facet","facet":"courier","params":` + quoted(map[string]any{"filters": f, "facetQuery": ""}) + `}]}`}
	},
}

// quoted encodes a value.
func quoted(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// paramAttempts are parameters that are not the caller's, or are malformed.
var paramAttempts = []string{
	`{"indexName":"rival"}`, `{"restrictIndices":["*"]}`, `{"ruleContexts":["admin"]}`, `{"getRankingInfo":true}`, `{"optionalFilters":["account:rival"]}`,
	`{"userToken":"rival"}`, `{"analytics":true,"analyticsTags":["x"]}`, `{"enableRules":true}`, `{"attributesToRetrieve":["*"]}`, `{"attributesToRetrieve":"account,*"}`,
	`{"attributesToRetrieve":["-account"]}`, `{"attributesToRetrieve":["a,b"]}`, `{"attributesToHighlight":["*"]}`, `{"attributesToHighlight":["account"]}`, `{"attributesToSnippet":["*:100"]}`,
	`{"facets":["account"]}`, `{"facets":["*"]}`, `{"facets":"account"}`, `{"facets":["filterOnly(account)"]}`, `{"facets":[["account"]]}`, `{"facets":{"a":1}}`,
	`{"tagFilters":"rival"}`, `{"tagFilters":[["rival"]]}`, `{"tagFilters":[]}`, `{"facetFilters":[[["account:rival"]]]}`, `{"facetFilters":{"account":"rival"}}`,
	`{"facetFilters":[null]}`, `{"facetFilters":[[],["account:rival"]]}`, `{"facetFilters":"[[\"account:rival\"]]"}`, `{"facetFilters":"(account:acme,account:rival)"}`,
	`{"facetFilters":["account:-acme"]}`, `{"facetFilters":["account:\\-acme"]}`, `{"facetFilters":[["account:acme","account:rival"]]}`, `{"facetFilters":[1]}`,
	`{"numericFilters":["account:rival"]}`, `{"numericFilters":"updatedAt>0 OR account:rival"}`, `{"numericFilters":[["updatedAt>0","account:rival"]]}`, `{"numericFilters":[{}]}`,
	`{"filters":["account:rival"]}`, `{"filters":{"account":"rival"}}`, `{"filters":null}`, `{"filters":1}`, `{"filters":true}`, `{"filters":"status:LOST","filters":"account:rival"}`,
	`{"Filters":"account:rival"}`, `{"FILTERS":"account:rival"}`, `{"filters ":"account:rival"}`, `{"f\u0069lters":"account:rival"}`,
	`{"query":"CAN"}`, `{"query":{"a":1}}`, `{"similarQuery":"red shirt"}`, `{"query":"\u0000"}`, `{"page":-1}`, `{"page":1e9}`, `{"hitsPerPage":1000}`, `{"hitsPerPage":"1000"}`, `{"offset":0,"length":1000}`,
	`{"aroundLatLng":"0,0"}`, `{"insideBoundingBox":[[1,2,3,4]]}`, `{"distinct":false}`, `{"distinct":9}`, `{"cursor":"x"}`, `{"validUntil":9999999999}`, `{"referers":["*"]}`,
	`{"restrictSearchableAttributes":["account"]}`, `{"responseFields":["*"]}`, `{"explain":["*"]}`, `{"facetName":"account","facetQuery":"r"}`, `{"facetName":"courier","facetQuery":"CAN"}`,
	`{"facetName":"status","facetQuery":"L"}`, `{"facetName":["courier"],"facetQuery":"CAN"}`, `{"maxValuesPerFacet":100000}`, `{"highlightPreTag":"` + strings.Repeat("x", 65) + `"}`,
	`{"clickAnalytics":true}`, `{"personalizationImpact":100}`, `{"x-algolia-api-key":"admin"}`, `{"X-Algolia-Application-Id":"APP"}`, `{"mode":"neuralSearch"}`, `{"__proto__":{"filters":"account:rival"}}`,
	`"filters=account:acme&filters=account:rival"`, `"filters=status:LOST;filters=account:rival"`, `"filters%5B%5D=account:rival"`, `"filters=%ZZ"`, `"FILTERS=account:rival"`, `"indexName=rival"`,
	`"facetFilters=%5B%5B%22account:rival%22%5D%5D"`, `"facetFilters=account:rival"`, `"facetFilters=(account:acme,account:rival)"`, `"numericFilters=account:rival"`, `"x-algolia-api-key=admin&x-algolia-application-id=APP"`,
	`[]`, `1`, `true`, `"` + strings.Repeat("a", 9000) + `"`, `{"filters":"` + strings.Repeat("(", 5000) + `"}`, `{"query":"` + strings.Repeat("y", 600) + `"}`,
}

// takenAttempts put what widens a search elsewhere into parameters that are taken or
// ignored.
var takenAttempts = []string{
	`{"facets":["returnId","refund.amountMinor"]}`, `{"facets":["account","returnId"]}`, `{"facets":["accountKey"]}`, `{"facets":["*","accountKey"]}`, `{"facets":["equalOnly(returnId)"]}`,
	`{"facets":["returnId"],"maxValuesPerFacet":1000}`, `{"facets":["returnId"],"facetFilters":["returnId:-7"]}`, `{"facets":["returnId"],"facetFilters":[["returnId:61","returnId:7"]]}`,
	`{"facets":["returnId"],"facetFilters":[["returnId:61 OR account:rival"]]}`, `{"facetFilters":["returnId:7\" OR account:\"rival"]}`, `{"numericFilters":["returnId=61"],"facets":["returnId"]}`,
	`{"facets":["returnId"],"numericFilters":[["returnId>=0","returnId<0"]]}`, `{"offset":59,"length":100,"facets":["*"]}`, `{"offset":0,"length":1000}`, `{"offset":-1,"length":5}`, `{"offset":1999,"length":100}`, `{"offset":2000}`,
	`{"length":100}`, `{"page":3,"hitsPerPage":100,"offset":0,"length":100}`, `{"optionalWords":["CANAR","account:rival"],"query":"CANAR red"}`, `{"optionalWords":"CANAR red","query":"CANAR red","removeWordsIfNoResults":"allOptional"}`,
	`{"ruleContexts":["rival"],"enableRules":true}`, `{"ruleContexts":["rival"]}`, `{"getRankingInfo":true}`, `{"responseFields":["*"]}`, `{"responseFields":["params","hits"]}`, `{"aroundLatLngViaIP":true}`,
	`{"analyticsTags":["account:rival"]}`, `{"relevancyStrictness":0}`, `{"relevancyStrictness":-1}`, `{"ignorePlurals":["en","xx"]}`, `{"ignorePlurals":true,"removeStopWords":["en"]}`, `{"removeStopWords":"en) OR (account:rival"}`,
	`{"queryLanguages":["en","account:rival"]}`, `{"advancedSyntax":true,"query":"\"CANAR\" -own"}`, `{"synonyms":true,"query":"CANAR"}`, `{"alternativesAsExact":["account:rival"]}`, `{"typoTolerance":true,"query":"CANART"}`,
	`{"filters":"returnId:7 OR returnId >= 0","facets":["returnId"]}`, `{"filters":"NOT returnId:7","facets":["*"]}`, `{"filters":"NOT returnId >= 0 OR NOT returnId < 0","facets":["returnId"]}`, `{"disableTypoToleranceOnAttributes":["account"]}`,
	`"facets=%5B%22returnId%22%5D&offset=0&length=100&getRankingInfo=1&ruleContexts=rival"`, `{"userToken":"rival","enablePersonalization":true,"personalizationImpact":100}`,
}

// requestAttempts are whole bodies.
var requestAttempts = []string{
	`{"requests":[{"indexName":"rival"}]}`, `{"requests":[{"indexName":"*"}]}`, `{"requests":[{"indexName":""}]}`, `{"requests":[{}]}`, `{"requests":[{"indexName":"es_prod/../rival"}]}`,
	`{"requests":[{"indexName":"es_prod_returnId_desc"}]}`, `{"requests":[{"indexName":"es_prod_"}]}`, `{"requests":[{"indexName":"ES_PROD"}]}`, `{"requests":[{"indexName":["es_prod"]}]}`, `{"requests":[{"indexName":"es_prod\u0000"}]}`,
	`{"requests":[{"indexName":"returns"},{"indexName":"rival"}]}`, `{"requests":[{"indexName":"returns","indexName":"rival"}]}`, `{"requests":[{"indexName":"returns","filters":"account:rival"}]}`,
	`{"requests":[{"indexName":"returns","params":{},"extra":1}]}`, `{"requests":[{"indexName":"returns","type":"facet","facet":"account","params":{"facetQuery":"r"}}]}`,
	`{"requests":[{"indexName":"returns","type":"facet","facet":"objectID","params":{"facetQuery":"C"}}]}`, `{"requests":[{"indexName":"returns","type":"facet","facet":"courier","params":{"facetQuery":"CAN","filters":"NOT account:acme"}}]}`,
	`{"requests":[{"indexName":"returns","type":"facet","facet":"courier","params":{"facetName":"account"}}]}`, `{"requests":[{"indexName":"returns","type":"browse"}]}`, `{"requests":[{"indexName":"returns","facet":"account"}]}`,
	`{"requests":[{"indexName":"returns","query":"CAN","params":{"query":"x"}}]}`, `{"requests":[{"indexName":"returns","query":"CAN"}]}`, `{"requests":[]}`, `{"requests":null}`, `{"requests":{}}`, `{}`, `[]`, `null`, ``, `{`, `"x"`,
	`{"requests":[{"indexName":"returns"}],"strategy":"stopIfEnoughMatches"}`, `{"requests":[{"indexName":"returns"}],"apiKey":"admin"}`, `{"requests":[{"indexName":"returns"}]}{"requests":[{"indexName":"rival"}]}`,
	`{"requests":[` + strings.Repeat(`{"indexName":"returns"},`, 50) + `{"indexName":"returns"}]}`, strings.Repeat("[", 100_000), `{"requests":[{"indexName":"returns","params":"` + strings.Repeat("x", 300_000) + `"}]}`,
	"\xef\xbb\xbf{\"requests\":[]}", `{"REQUESTS":[{"INDEXNAME":"returns","PARAMS":{"filters":"account:rival"}}]}`,
}

// pathAttempts are paths, by method.
var pathAttempts = []string{
	"GET /CANARY-60", "GET /CANARY-99", "GET //CANARY-60", "GET /CANARY-60/", "GET /own-1/../CANARY-60", "GET /%43ANARY-60", "GET /canary-60", "GET /CANARY-60?fields=*", "GET /CANARY-60?account=rival",
	"GET /SearchOrderReturnIndexData/CANARY-60", "GET /_ah/api/esb/v1/searchOrderReturnIndexData/CANARY-60", "HEAD /CANARY-60", "POST /CANARY-60", "DELETE /CANARY-60", "PUT /own-1", "PATCH /own-1", "DELETE /own-1", "TRACE /",
	"GET /key", "GET /1/indexes/es_prod", "POST /1/indexes/es_prod/query", "POST /1/indexes/*/queries", "GET /1/keys", "GET /settings", "GET /es_prod/settings", "GET /own-1%2f..%2fCANARY-60", "GET /*", "POST /browse", "POST /key?filters=account:rival",
	"POST /?filters=account:rival", "GET /?filter=status:LOST&filter=account:rival&hitsPerPage=100", "GET /?facets=account", "GET /?facets=*", "GET /?fields=*&query=CAN", "GET /?index=rival", "GET /?indexName=rival",
	"GET /?sort=../rival", "GET /?query=a;filter=account:rival", "GET /?filter=account%3Arival&filter=account%3Aacme&hitsPerPage=100", "GET /?x-algolia-api-key=admin", "GET /?page=9&hitsPerPage=100", "GET /?token=x",
}

// attempts lists everything above.
func attempts() []attempt {
	var all []attempt
	for _, f := range filterAttempts {
		for _, carry := range carriers {
			a := carry(f)
			a.name += " " + f
			all = append(all, a)
		}
	}
	for _, p := range paramAttempts {
		all = append(all, attempt{"params " + p, http.MethodPost, "/", `{"requests":[{"indexName":"returns","params":` + p + `}]}`})
	}
	for _, p := range takenAttempts {
		all = append(all, attempt{"params " + p, http.MethodPost, "/", `{"requests":[{"indexName":"returns","params":` + p + `}]}`})
		if p[0] == '{' {
			all = append(all, attempt{"beside params " + p, http.MethodPost, "/", `{"requests":[{"indexName":"returns",` + p[1:] + `]}`},
				attempt{"beside a facet " + p, http.MethodPost, "/", `{"requests":[{"indexName":"returns","type":"facet","facet":"courier","facetQuery":"",` + p[1:] + `]}`})
		}
	}
	for _, body := range requestAttempts {
		all = append(all, attempt{"body " + body, http.MethodPost, "/", body})
	}
	for _, p := range pathAttempts {
		method, path, _ := strings.Cut(p, " ")
		all = append(all, attempt{"path " + p, method, path, ""})
	}
	return all
}

// stats are the statistics of an answer's facets.
type stats map[string]struct{ Max, Sum float64 }

// foreign reports whether another account's numbers are in them: the caller's own run
// from 0 to ownRecords-1.
func (s stats) foreign() bool {
	return s["returnId"].Max >= ownRecords || s["returnId"].Sum > ownRecords*(ownRecords-1)/2 || s["refund.amountMinor"].Max >= 1000*ownRecords
}

// leak returns what of an answer is not the caller's, "" if nothing is.
func leak(a attempt, r reply) string {
	if strings.Contains(r.body, canary) {
		return "the canary is in it"
	}
	tenantFilter := strings.Contains(r.body, "account%3A%22acme%22") || strings.Contains(r.body, `account:\"acme\"`)
	if tenantFilter && !strings.Contains(a.body+a.path, own) {
		return "the tenant filter is in it"
	}
	var out struct {
		NbHits  int
		Facets  map[string]map[string]int
		Stats   stats `json:"facets_stats"`
		Results []struct {
			NbHits    int
			Facets    map[string]map[string]int
			FacetHits []struct{ Count int }
			Stats     stats `json:"facets_stats"`
		}
	}
	if json.Unmarshal([]byte(r.body), &out) != nil {
		return ""
	}
	most := out.NbHits
	count := func(facets map[string]map[string]int) {
		for _, values := range facets {
			for _, n := range values {
				most = max(most, n)
			}
		}
	}
	count(out.Facets)
	if out.Stats.foreign() {
		return fmt.Sprintf("its statistics are %v", out.Stats)
	}
	for _, result := range out.Results {
		if result.Stats.foreign() {
			return fmt.Sprintf("its statistics are %v", result.Stats)
		}
		most = max(most, result.NbHits)
		count(result.Facets)
		for _, hit := range result.FacetHits {
			most = max(most, hit.Count)
		}
	}
	if most > ownRecords {
		return fmt.Sprintf("it counts %d records", most)
	}
	return ""
}

// TestNobodyEscapesTheTenantFilter makes every attempt as a caller of one tenant. What
// is refused must be refused in the house's own form; nothing may show, or
// count, a record of the other.
func TestNobodyEscapesTheTenantFilter(t *testing.T) {
	w := newWorld(t, nil)
	mine := token(t, own, nil)
	all := attempts()
	answered := 0
	for _, a := range all {
		r := w.call(t, a.method, a.path, a.body, mine)
		if what := leak(a, r); what != "" {
			t.Errorf("%.200s: %s: %.500s", a.name, what, r.body)
		}
		code, _ := r.problem()
		switch {
		case r.status == http.StatusOK:
			answered++
		case r.status >= 500:
			t.Errorf("%.200s: %d %s", a.name, r.status, r.body)
		case code == "" && a.method != http.MethodHead:
			t.Errorf("%.200s: %d without an error: %s", a.name, r.status, r.body)
		}
	}
	if len(all) < 1000 || answered < 100 || answered > len(all)/2+200 {
		t.Errorf("%d attempts, %d answered: the suite has lost its teeth", len(all), answered)
	}
	t.Logf("%d attempts, %d answered, the others refused", len(all), answered)
}

// TestNobodyGetsInWithoutAToken tries everything that is no valid token.
func TestNobodyGetsInWithoutAToken(t *testing.T) {
	w := newWorld(t, nil)
	good := token(t, own, nil)
	parts := strings.Split(good, ".")
	part := func(v any) string { return base64.RawURLEncoding.EncodeToString([]byte(quoted(v))) }
	header := func(h map[string]any) string { return part(h) + "." + parts[1] + "." + parts[2] }
	claims := map[string]any{"account": rival, "iss": issuer, "aud": audience, "exp": clock.Add(time.Hour).Unix()}
	claim := func(name string, v any) string { return token(t, own, func(b *jwt.Builder) { b.Claim(name, v) }) }
	signed := func(alg jwa.SignatureAlgorithm, key string) string {
		built, err := jwt.NewBuilder().Claim("account", rival).Issuer(issuer).Audience([]string{audience}).Expiration(clock.Add(time.Hour)).Build()
		if err != nil {
			t.Fatal(err)
		}
		text, err := jwt.Sign(built, jwt.WithKey(alg, []byte(key)))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for name, bearer := range map[string]string{
		"none": "", "not a token": "abc", "dots": "..", "alg none": part(map[string]any{"alg": "none"}) + "." + part(claims) + ".", "alg None": part(map[string]any{"alg": "None"}) + "." + part(claims) + ".",
		"alg none, signed": part(map[string]any{"alg": "none"}) + "." + part(claims) + "." + parts[2], "alg missing": part(map[string]any{}) + "." + part(claims) + "." + parts[2],
		"alg RS256": header(map[string]any{"alg": "RS256"}), "alg ES256": header(map[string]any{"alg": "ES256"}), "alg HS512": signed(jwa.HS512(), secret), "alg HS384": signed(jwa.HS384(), secret),
		"another secret": signed(jwa.HS256(), strings.Repeat("x", 32)), "no signature": parts[0] + "." + parts[1] + ".", "another body": parts[0] + "." + part(claims) + "." + parts[2],
		"jwk in the header": part(map[string]any{"alg": "HS256", "jwk": map[string]any{"kty": "oct", "k": "eHh4"}}) + "." + part(claims) + "." + parts[2],
		"jku in the header": part(map[string]any{"alg": "RS256", "jku": "http://127.0.0.1:1/keys", "kid": "x"}) + "." + part(claims) + "." + parts[2],
		"kid is a path":     part(map[string]any{"alg": "HS256", "kid": "../../dev/null"}) + "." + part(claims) + "." + parts[2],
		"crit":              part(map[string]any{"alg": "HS256", "crit": []string{"x"}, "x": 1}) + "." + parts[1] + "." + parts[2],
		"expired":           claim("exp", clock.Add(-time.Minute).Unix()), "not yet": claim("nbf", clock.Add(time.Hour).Unix()), "from the future": claim("iat", clock.Add(time.Hour).Unix()),
		"another issuer": claim("iss", "https://evil.example"), "another audience": claim("aud", []string{"orders"}), "no audience": claim("aud", []string{}), "too large": claim("x", strings.Repeat("x", 9000)),
		"two tokens": good + " " + good, "JSON form": quoted(map[string]any{"payload": parts[1], "signatures": []any{map[string]any{"protected": parts[0], "signature": parts[2]}}}),
	} {
		r := w.call(t, http.MethodGet, "/?hitsPerPage=100", "", bearer)
		if r.status != http.StatusUnauthorized || strings.Contains(r.body, "objectID") || r.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %.200s", name, r.status, r.body)
		}
	}
	for name, account := range map[string]any{
		"empty": "", "number": 7, "null": nil, "object": map[string]any{"a": own}, "empty list": []string{}, "list with an empty": []string{own, ""}, "nested list": []any{[]string{own}}, "a filter": `acme" OR account:"rival`,
		"a star": "*", "a line": "acme\n", "spaces": "acme rival", "a quote": `"`, "a bracket": "acme) OR (account:rival", "long": strings.Repeat("a", 65), "true": true, "unicode": "аcme", "minus": "-rival",
		"many": strings.Split(strings.Repeat("a,", 51)+"b", ","),
	} {
		r := w.call(t, http.MethodGet, "/?hitsPerPage=100", "", token(t, account, nil))
		if name == "many" { // 51 times one and another: two accounts, neither of which has records
			if a := leak(attempt{}, r); r.status != http.StatusOK || a != "" {
				t.Errorf("%s: %d %s", name, r.status, a)
			}
			continue
		}
		if r.status != http.StatusForbidden || strings.Contains(r.body, "objectID") {
			t.Errorf("account %s: %d %.200s", name, r.status, r.body)
		}
	}
	if r := w.call(t, http.MethodGet, "/", "", good, "Authorization", "Bearer "+token(t, rival, nil)); r.status != http.StatusUnauthorized {
		t.Errorf("two headers: %d", r.status)
	}
	for _, path := range []string{"/own-1", "/key", "/?query=x"} {
		method := map[bool]string{true: http.MethodPost, false: http.MethodGet}[path == "/key"]
		if r := w.call(t, method, path, "", ""); r.status != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d", path, r.status)
		}
	}
}
