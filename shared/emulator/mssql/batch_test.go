package mssql

import (
	"strings"
	"testing"
)

func TestBatches(t *testing.T) {
	call, err := batch(" EXEC sp_executesql N'SELECT ''ä'' AS [x]', N'@id bigint, @Name nvarchar(20)', @Name = N'O''Neil', @id = -12.5 ;")
	if err != nil || len(call.Params) != 4 || call.Params[0].Value != "SELECT 'ä' AS [x]" || call.Params[2].Name != "@Name" || call.Params[2].Value != "O'Neil" || call.Params[3].Value != "-12.5" {
		t.Errorf("%+v, %v", call, err)
	}
	if call, err := batch("exec SP_EXECUTESQL N'x', N'@a int', NULL"); err != nil || call.Params[2].Value != nil {
		t.Errorf("%+v, %v", call, err)
	}
	if call, err := batch("SELECT 1"); err != nil || call.Params[0].Value != "SELECT 1" {
		t.Errorf("%+v, %v", call, err)
	}
	for _, text := range []string{"EXEC sp_executesql ", "EXEC sp_executesql", "EXEC sp_executesql N'x", "EXEC sp_executesql N'x' N'y'", "EXEC sp_executesql N'x', @a", "EXEC sp_executesql N'x', GETDATE()", "EXEC sp_executesql " + strings.Repeat("1,", 300) + "1"} {
		if call, err := batch(text); err == nil {
			t.Errorf("%.40s: %+v", text, call)
		}
	}
}

// FuzzBatch reads batches and declarations: nothing panics, and what is read as literals
// ends where the text does.
func FuzzBatch(f *testing.F) {
	f.Add("EXEC sp_executesql N'a''b', N'@id bigint, @n decimal(18, 2) output', @id = 5, @n = NULL;")
	f.Add("@a nvarchar(max), @b int")
	f.Add("SELECT 1")
	f.Fuzz(func(t *testing.T, text string) {
		names, types, err := declarations(text)
		if err == nil && len(names) != len(types) {
			t.Errorf("%q: %d names, %d types", text, len(names), len(types))
		}
		call, err := batch(text)
		if err == nil && (len(call.Params) == 0 || len(call.Params) > 200) {
			t.Errorf("%q: %+v", text, call)
		}
	})
}

// FuzzSearching looks for statements of searches: one that is found stands, but for white
// space, as the table of statements says.
func FuzzSearching(f *testing.F) {
	s, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	for key := range s.statements {
		if strings.Contains(key, conditions) {
			f.Add(strings.Replace(key, conditions, " AND [Name] = @Name AND ([Name2] IS NULL OR [Name2] = N'') AND [PersonID] IS NULL", 1))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		st := s.searching(text)
		if st == nil {
			return
		}
		if !strings.HasPrefix(text, "SELECT TOP (@most) [") || strings.ContainsAny(text, ";-") || !strings.HasSuffix(st.name, " search") {
			t.Errorf("%q is taken", text)
		}
	})
}

// TestSearches holds the conditions that a search may have.
func TestSearches(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	form := ""
	for key := range s.statements {
		if strings.Contains(key, conditions) && strings.Contains(key, "[dbo].[Person] ") {
			form = key
		}
	}
	for with, known := range map[string]bool{
		"": true, " AND [Name] = @Name": true, " AND [Name] = @Name AND [Vorname] IS NULL": true, " AND ([Titel] IS NULL OR [Titel] = N'')": true,
		" AND [Name] = @Vorname": false, " AND [X] = @X": false, " AND [Name] = @Name AND [Name] = @Name": false, " OR 1 = 1": false, " AND ([Titel] IS NULL OR [Name] = N'')": false,
	} {
		if got := s.searching(strings.Replace(form, conditions, with, 1)) != nil; got != known {
			t.Errorf("%q: %v", with, got)
		}
	}
}
