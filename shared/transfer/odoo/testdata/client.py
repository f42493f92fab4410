"""Drives the emulator with Python's own xmlrpc.client. Its argument is the address."""
import sys
import urllib.request
import xmlrpc.client

url = sys.argv[1]
common = xmlrpc.client.ServerProxy(url + "/xmlrpc/2/common")
models = xmlrpc.client.ServerProxy(url + "/xmlrpc/2/object")
nulls = xmlrpc.client.ServerProxy(url + "/xmlrpc/2/object", allow_none=True)


def call(model, method, *args, **kwargs):
    return models.execute_kw("odoo", uid, "sosync", model, method, list(args), kwargs)


def same(have, want):
    if have != want or type(have) is not type(want):
        raise SystemExit("have %r, want %r" % (have, want))


def fault(code, part, do):
    try:
        raise SystemExit("no fault, but %r" % (do(),))
    except xmlrpc.client.Fault as f:
        if f.faultCode != code or part not in f.faultString:
            raise SystemExit("fault %r: %s; want %d with %s" % (f.faultCode, f.faultString, code, part))


same(common.version()["server_serie"], "8.0")
same(common.login("odoo", "sosync", "wrong"), False)
same(common.authenticate("odoo", "nobody", "sosync", {}), False)
uid = common.login("odoo", "sosync", "sosync")
same(common.authenticate("odoo", "sosync", "sosync", {}), uid)
fault(1, "does not exist", lambda: common.login("other", "sosync", "sosync"))
fault(3, "Access denied", lambda: models.execute_kw("odoo", uid, "wrong", "res.partner", "search", [[]]))

# An empty field is false, a reference is [id, name], several records are ids.
country = call("res.country", "create", {"name": "Österreich", "code": "AT"})
tags = [call("gr.tag", "create", {"name": n}) for n in ("a", "b")]
partner = call("res.partner", "create", {"firstname": "Jörg", "lastname": "Müller & <Söhne>", "country_id": country, "getresponse_tag_ids": [[6, False, tags]]})
same(type(partner), int)
row = call("res.partner", "read", [partner], ["name", "street", "country_id", "getresponse_tag_ids", "gender", "sosync_fs_id", "birthdate_web"])[0]
same(row, {"id": partner, "name": "Jörg Müller & <Söhne>", "street": False, "country_id": [country, "Österreich"], "getresponse_tag_ids": sorted(tags), "gender": False, "sosync_fs_id": 0, "birthdate_web": False})

# Times are texts; None is taken and read as false; numbers have 32 bits.
same(call("res.partner", "write", [partner], {"birthdate_web": "1970-01-31", "gender": "male", "street": "Gasse"}), True)
same(nulls.execute_kw("odoo", uid, "sosync", "res.partner", "write", [[partner], {"street": None}]), True)
row = call("res.partner", "read", [partner], ["birthdate_web", "street", "write_date", "sosync_write_date"])[0]
same((row["birthdate_web"], row["street"], len(row["write_date"]), row["sosync_write_date"][-1]), ("1970-01-31", False, 19, "Z"))
raw = xmlrpc.client.dumps(("odoo", uid, "sosync", "res.partner", "write", [[partner], {"sosync_fs_id": 123456}], {}), "execute_kw")
big = urllib.request.urlopen(url + "/xmlrpc/2/object", raw.replace("<int>123456</int>", "<i8>2147483648</i8>").encode()).read()
fault(1, "out of range", lambda: xmlrpc.client.loads(big))

# Search.
same(call("res.partner", "search", [["lastname", "=", "Müller & <Söhne>"]]), [partner])
same(call("res.partner", "search", [["street", "=", False]]), [partner])
same(call("res.partner", "search", [["id", ">", partner]]), [])
same(call("res.partner", "search_count", []), 1)
same(call("res.partner", "search_read", [["id", "=", partner]], fields=["lastname"], limit=1), [{"id": partner, "lastname": "Müller & <Söhne>"}])
same(call("res.partner", "name_get", [partner]), [[partner, "Jörg Müller & <Söhne>"]])
same(call("res.partner", "fields_get", attributes=["type"])["country_id"]["type"], "many2one")

# Faults.
fault(1, "Invalid field", lambda: call("res.partner", "write", [partner], {"colour": "red"}))
fault(1, "ValueError", lambda: call("res.partner", "write", [partner], {"gender": "x"}))
fault(1, "ValueError", lambda: call("res.partner", "write", [partner], {"birthdate_web": "31.1.1970"}))
fault(1, "foreign key", lambda: call("res.partner", "write", [partner], {"country_id": 999}))
fault(1, "no attribute", lambda: call("res.partner", "explode"))
fault(2, "deleted", lambda: call("res.partner", "read", [999], ["name"]))
fault(2, "doesn't exist", lambda: call("res.nothing", "search", []))
fault(2, "required", lambda: call("gr.tag", "create", {}))
token = call("res.partner.fstoken", "create", {"name": "t"})
fault(2, "unique", lambda: call("res.partner.fstoken", "create", {"name": "t"}))

# A merge keeps what referred to the record that goes.
email = call("frst.personemail", "create", {"email": "a@b.example", "partner_id": partner})
other = call("res.partner", "create", {"lastname": "Maier"})
same(call("res.partner", "fso_merge", remove_id=partner, keep_id=other), True)
same(call("frst.personemail", "read", [email], ["partner_id"])[0]["partner_id"], [other, "Maier"])
same(call("res.partner", "unlink", [other], context={"create_sync_job": False}), True)
same(call("frst.personemail", "read", [email], ["partner_id"])[0]["partner_id"], False)
print("ok")
