"""Drives the emulator with python3-tds, a driver that nobody of this product wrote.

Reads the statements as JSON from standard input; prints one line for each thing that
it did. Any other end than status 0 is a failure.
"""
import datetime
import decimal
import json
import sys
import uuid

import pytds
from pytds.tds_types import BigIntType, BitType, DateTime2Type, DateTimeOffsetType, DateType, DecimalType, IntType, NVarCharMaxType, NVarCharType, UniqueIdentifierType, VarBinaryMaxType

port, texts, cafile = int(sys.argv[1]), json.load(sys.stdin), sys.argv[2]


def connect(**options):
    return pytds.connect(dsn="localhost", port=port, database="studio", user="sosync", password=options.pop("password", "Local-1433"),
                         login_timeout=20, timeout=20, disable_connect_retry=True, validate_host=False, **options)


def call(cursor, text, declared, *values):
    """Calls sp_executesql with typed parameters, as a remote procedure."""
    params = [pytds.Column(type=NVarCharMaxType(), value=text), pytds.Column(type=NVarCharMaxType(), value=declared)]
    cursor.callproc("sp_executesql", params + [pytds.Column(name=n, type=t, value=v) for n, t, v in values])


def number(do):
    """Returns the server's number of the error of a call."""
    try:
        do()
    except pytds.Error as e:
        return getattr(e, "number", None) or e.args
    return 0


try:
    connect(password="wrong")
except pytds.OperationalError as e:
    print("login refused", e.number)

utc = datetime.timezone.utc
when = datetime.datetime(2026, 5, 1, 10, 0, 0, 123456)
row = [
    ("@Ja", BitType(), True), ("@Klein", IntType(), 255), ("@Kurz", IntType(), -32768), ("@Ganz", IntType(), 2147483647), ("@Groß", BigIntType(), -9223372036854775808),
    ("@Fließend", IntType(), None), ("@Betrag", DecimalType(20, 4), decimal.Decimal("-12345678901234.5678")), ("@Text", NVarCharType(20), "Größe 😀"),
    ("@Länge", NVarCharMaxType(), "ä" * 100000), ("@Tag", DateType(), datetime.date(2026, 2, 28)), ("@Zeit", DateTime2Type(7), when),
    ("@Zone", DateTimeOffsetType(7), when.replace(tzinfo=utc)), ("@Kennung", UniqueIdentifierType(), uuid.UUID("6F9619FF-8B86-D011-B42D-00C04FC964FF")),
    ("@Bild", VarBinaryMaxType(), bytes(range(256)) * 100), ("@foreign", IntType(), None), ("@date", DateTime2Type(7), when), ("@version", DateTime2Type(7), None),
]
declared = ("@Ja bit, @Klein tinyint, @Kurz smallint, @Ganz int, @Groß bigint, @Fließend float, @Betrag decimal(20,4), @Text nvarchar(20), @Länge nvarchar(max), @Tag date, "
            "@Zeit datetime2(7), @Zone datetimeoffset(7), @Kennung uniqueidentifier, @Bild varbinary(max), @foreign int, @date datetime2(7), @version datetime2(7)")

for name, options in {"plain": {}, "login encrypted": {"cafile": cafile, "enc_login_only": True}, "all encrypted": {"cafile": cafile}}.items():
    with connect(autocommit=False, **options) as connection, connection.cursor() as cursor:
        call(cursor, texts["create"], declared, *row)
        identity = cursor.fetchone()[0]
        connection.rollback()
        call(cursor, texts["read"], "@id bigint", ("@id", BigIntType(), identity))
        print(name, "rolled back", cursor.fetchall() == [])
        call(cursor, texts["create"], declared, *row)
        identity = cursor.fetchone()[0]
        connection.commit()
        call(cursor, texts["read"], "@id bigint", ("@id", BigIntType(), identity))
        back = cursor.fetchone()
        print(name, "columns", [c[0] for c in cursor.description][5:8])
        want = [v for _, _, v in row[:14]]
        for i, v in enumerate(want):
            if back[5 + i] != v:
                print(name, "differs", row[i][0], back[5 + i] if i != 8 else len(back[5 + i]), v if i != 8 else len(v))
        print(name, "the date", back[2] == when)

with connect(autocommit=True) as connection, connection.cursor() as cursor:
    print("refused", number(lambda: cursor.execute("SELECT * FROM [dbo].[Person]")))
    print("too long", number(lambda: call(cursor, texts["edit"], "@value nvarchar(100), @id bigint", ("@value", NVarCharType(100), "x" * 21), ("@id", BigIntType(), identity))))
    call(cursor, texts["edit"], "@value nvarchar(100), @id bigint", ("@value", NVarCharType(100), "von Hand"), ("@id", BigIntType(), identity))
    print("changed by hand")
