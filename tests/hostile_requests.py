"""What no client sends and every server gets: bodies, values, path segments, queries and headers, as data."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MEGABYTE = 1024 * 1024
LONE_SURROGATE = "\ud800"

BODIES: Mapping[str, bytes] = {
    "nothing": b"",
    "a space": b" ",
    "a null": b"null",
    "true": b"true",
    "a number": b"17",
    "a string": b'"text"',
    "an array": b"[]",
    "an array of objects": b'[{"fields": {}}]',
    "an empty object": b"{}",
    "an open brace": b"{",
    "an open string": b'{"fields',
    "a comma too many": b'{"fields": {},}',
    "two objects": b"{}{}",
    "single quotes": b"{'fields': {}}",
    "a comment": b'{"fields": {} /* all of them */}',
    "NaN": b'{"fields": {"Age": NaN}}',
    "Infinity": b'{"fields": {"Age": Infinity}}',
    "minus Infinity": b'{"fields": {"Age": -Infinity}}',
    "a number beyond a double": b'{"fields": {"Age": 1e400}}',
    "a number of 100,000 digits": b'{"fields": {"Age": ' + b"9" * 100_000 + b"}}",
    "a fraction of 100,000 digits": b'{"fields": {"Age": 0.' + b"1" * 100_000 + b"}}",
    "an exponent of 1,000 digits": b'{"fields": {"Age": 1e' + b"9" * 1000 + b"}}",
    "a leading zero": b'{"fields": {"Age": 007}}',
    "hexadecimal": b'{"fields": {"Age": 0x10}}',
    "a lone surrogate": b'{"fields": {"Name": "\\ud800"}}',
    "surrogates the wrong way round": b'{"fields": {"Name": "\\udc00\\ud800"}}',
    "a lone surrogate as a key": b'{"fields": {"\\ud800": 1}}',
    "an escape that is none": b'{"fields": {"Name": "\\x41"}}',
    "a raw control character": b'{"fields": {"Name": "\x01"}}',
    "a raw zero byte": b'{"fields": {"Name": "\x00"}}',
    "invalid UTF-8": b'{"fields": {"Name": "\xff\xfe"}}',
    "an overlong slash": b'{"fields": {"Name": "\xc0\xaf"}}',
    "an encoded surrogate": b'{"fields": {"Name": "\xed\xa0\x80"}}',
    "UTF-16": '{"fields": {}}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"fields": {"Name": "x"}}',
    "gzip's first bytes": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "a form": b"fields[Name]=x&records[]=y",
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "multipart": b"--x\r\nContent-Disposition: form-data; name=fields\r\n\r\n{}\r\n--x--",
    "base64": b"eyJmaWVsZHMiOiB7fX0=",
    "brackets 100,000 deep": b"[" * 100_000,
    "arrays 1,000 deep": b'{"fields": {"Name": ' + b"[" * 1000 + b"]" * 1000 + b"}}",
    "objects 1,000 deep": b'{"fields": ' + b'{"a":' * 1000 + b"1" + b"}" * 1001,
    "arrays 31 deep": b'{"fields": {"Name": ' + b"[" * 30 + b"]" * 30 + b"}}",
    "a key of 64 KB": b'{"fields": {"' + b"k" * 65_536 + b'": 1}}',
    "a key of 64 KB at the top": b'{"' + b"k" * 65_536 + b'": 1}',
    "10,000 keys": json.dumps({"fields": {f"key {n}": n for n in range(10_000)}}).encode(),
    "200,000 nulls": b'{"records": [' + b"null," * 200_000 + b"null]}",
    "11 records": json.dumps({"records": [{"fields": {}}] * 11}).encode(),
    "no records": b'{"records": []}',
    "records that are an object": b'{"records": {"0": {"fields": {}}}}',
    "records of arrays": b'{"records": [[], []]}',
    "over 5 MB of spaces": b" " * (5 * MEGABYTE + 1),
    "a text of 5 MB": b'{"fields": {"Name": "' + b"x" * (4 * MEGABYTE) + b'"}}',
    "a key twice": b'{"fields": {"Name": "x"}, "fields": 5}',
    "a key twice, the other way round": b'{"fields": 5, "fields": {"Nobody": "x"}}',
    "dunder keys": b'{"__class__": {}, "__init__": {}, "__globals__": {}}',
    "prototype keys": b'{"__proto__": {"admin": true}, "constructor": {"prototype": {}}}',
    "dunder fields": b'{"fields": {"__class__": "x", "__dict__": {}, "__proto__": {}}}',
    "operators of a document store": b'{"fields": {"$where": "sleep(5000)", "$gt": ""}, "$set": {"a": 1}}',
    "DynamoDB's own form": b'{"fields": {"M": {"Name": {"S": "x"}}}, "pk": "a", "sk": "b", "v": 1}',
    "SQL as a field's name": b'{"fields": {"Name\'; DROP TABLE bases; --": "x"}}',
    "a template": b'{"fields": {"{{7*7}}": "${jndi:ldap://x}", "%s%n": "{0.__class__}"}}',
    "an empty name": b'{"fields": {"": "x"}}',
    "the same record twice": b'{"records": [{"id": "recAAAAAAAAAAAAAA", "fields": {}},'
    b' {"id": "recAAAAAAAAAAAAAA", "fields": {}}]}',
    "a pickle": b"cos\nsystem\n(S'id'\ntR.",
    "a zero byte": b"\x00",
}
"""By what is wrong with them. None is a valid body of any route but, at most, of a record's."""

VALUES: Sequence[Any] = (
    None,
    True,
    False,
    0,
    -1,
    -0.0,
    1.5,
    2**31,
    2**53 + 1,
    2**63,
    2**64 - 1,
    -(2**63),
    1e308,
    5e-324,
    "",
    " ",
    "\t\n",
    "\x00",
    "a\x00b",
    "\u202e\u200b\ufeff",
    "\U0001f600" * 200,
    "\uffff",
    "e\u0301",
    "null",
    "NaN",
    "1",
    "\u0661\u0662",
    "../../etc/passwd",
    "'; DROP TABLE bases; --",
    "app#HEAD",
    "__class__",
    "x" * 70_000,
    [],
    [None],
    [[]],
    [[[[[[[[]]]]]]]],
    ["x"] * 1000,
    [{}],
    {},
    {"": ""},
    {"id": 1},
    {"__class__": "x"},
    {"name": {"name": {"name": {}}}},
    {"toString": None},
)
"""Put in the place of every part of a valid body."""

SEGMENTS: Sequence[str] = (
    "%2F",
    "%2e%2e",
    "..",
    ".",
    "%00",
    "x%00y",
    "%0d%0aSet-Cookie:%20a=b",
    "%",
    "%zz",
    "%ff",
    "%c0%af",
    "%ed%a0%80",
    "%252F",
    "%23EV%2300000000",
    "%3F",
    ";",
    "a;b=c",
    "*",
    "~",
    "-1",
    "0",
    "null",
    "undefined",
    "__proto__",
    "__class__",
    "{table}",
    "%7Btable%7D",
    "' OR '1'='1",
    "%27%3B%20DROP%20TABLE%20bases%3B--",
    "%F0%9F%98%80",
    "%D1%80%D0%B5%D1%81",
    "%D9%A1%D9%A2",
    "app" + "A" * 14,
    "tbl" + "A" * 14,
    "rec" + "A" * 14,
    "rec" + "A" * 15,
    "rec" + "A" * 13,
    "rec" + "A" * 13 + "%0A",
    "recAAAAAAAAAAAAA%EF%BC%A1",
    "REC" + "A" * 14,
    "A" * 3000,
    "%41" * 3000,
    "/",
    "//",
    "a/b/c/d/e/f/g",
)
"""Raw path segments, in the place of every path parameter."""

QUERIES: Sequence[str] = (
    "%",
    "%%%",
    "=",
    "&&&&",
    "&=&=&",
    "?",
    "pageSize=-1",
    "pageSize=0",
    "pageSize=101",
    "pageSize=1e2",
    "pageSize=0x10",
    "pageSize=%D9%A1%D9%A2",
    "pageSize=%EF%BC%91",
    "pageSize=%C2%B2",
    "pageSize=" + "9" * 5000,
    "pageSize=1&pageSize=x",
    "pageSize=%00",
    "maxRecords=-1",
    "maxRecords=0",
    "maxRecords=" + "1" * 400,
    "maxRecords=1.5",
    "offset=%00",
    "offset=" + "A" * 5000,
    "offset=itrAAAAAAAAAAAAAA/recAAAAAAAAAAAAAA",
    "offset=eyJhIjoxfQ%3D%3D",
    "sort[0][field]=%FF",
    "sort[0][field]=Nobody",
    "sort[0][direction]=asc",
    "sort[0][field]=Name&sort[0][direction]=sideways",
    "sort[0][field]=Name&sort[0][direction]=%00",
    "sort[99999999999999999999][field]=Name",
    "sort[-1][field]=Name",
    "sort[%D9%A1][field]=Nobody",
    "sort[][field]=Nobody",
    "sort[0][__class__]=Name",
    "sort=Name",
    "fields[]=Nobody",
    "fields[]=%ED%A0%80",
    "fields[0]=Nobody&fields[x]=y",
    "fields[]=" + "&fields[]=".join(["Nobody"] * 2000),
    "returnFieldsByFieldId=maybe",
    "returnFieldsByFieldId=%00",
    "records[]=",
    "records[]=%00",
    "records[]=rec",
    "records[]=recAAAAAAAAAAAAAA",
    "records[]=recAAAAAAAAAAAAAA&records[]=recAAAAAAAAAAAAAA",
    "&".join(f"records[]=rec{n:014d}" for n in range(11)),
    "&".join(f"records[]=rec{n:014d}" for n in range(2000)),
    "records=" + "A" * 5000,
    "records[0]=x&records[00]=y&records[9999]=z",
    "records[99999999999]=recAAAAAAAAAAAAAA",
    "records[0][id]=recAAAAAAAAAAAAAA",
    "records[[]]=x",
    "a" * 8000,
    "&".join(f"p{n}=1" for n in range(3000)),
)

HEADERS: Sequence[Mapping[str, str]] = (
    {"idempotency-key": ""},
    {"idempotency-key": "k" * 256},
    {"idempotency-key": "\x00"},
    {"idempotency-key": "\xff\xfe"},
    {"idempotency-key": "../../x#EV"},
    {"content-type": "text/plain"},
    {"content-type": "application/json; charset=utf-7"},
    {"content-type": ""},
    {"content-encoding": "gzip"},
    {"x-http-method-override": "DELETE"},
    {"authorization": ""},
    {"authorization": "Bearer"},
    {"authorization": "Bearer "},
    {"authorization": "Bearer " + "a" * 8000},
    {"authorization": "Bearer ..."},
    {"authorization": "Bearer eyJhbGciOiJub25lIn0.e30."},
    {"authorization": "Bearer patAAAAAAAAAAAAAA.0000"},
    {"authorization": "Bearer \xff\x00"},
    {"authorization": "Basic dXNlcjpwYXNz"},
    {"authorization": "Negotiate"},
    {"accept": "\x00", "host": "evil.example", "x-forwarded-for": "'; --"},
)


def variants(body: Any) -> Iterator[bytes]:
    """The body with each of its parts replaced by each of ``VALUES``, left out, and joined by a stranger."""
    for path in _paths(body):
        for value in VALUES:
            yield json.dumps(_replaced(body, path, value)).encode()
        if path:
            yield json.dumps(_removed(body, path)).encode()
    for name in ("__class__", "__proto__", "$set", "", "pk", "x" * 65_536, "\x00", "v"):
        yield json.dumps({**body, name: {}}).encode()


def _paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from _paths(child, (*path, key))


def _replaced(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = node.copy()
    copy[path[0]] = _replaced(node[path[0]], path[1:], value)
    return copy


def _removed(node: Any, path: tuple[Any, ...]) -> Any:
    copy = node.copy()
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _removed(node[path[0]], path[1:])
    return copy
