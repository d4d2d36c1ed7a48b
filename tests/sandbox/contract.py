"""Reads the bank's OpenAPI document: checks answers and events against it, and says which requests it forbids."""

import copy
import re
from datetime import date, datetime
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

METHODS = ("get", "post", "put")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
formats = FormatChecker(())


@formats.checks("date-time")
def _instant(value):
    return not isinstance(value, str) or bool(INSTANT.fullmatch(value) and _reads(datetime.fromisoformat, value))


@formats.checks("date")
def _date(value):
    return not isinstance(value, str) or (len(value) == 10 and _reads(date.fromisoformat, value))


@formats.checks("uri")
def _uri(value):
    return not isinstance(value, str) or bool(re.fullmatch(r"[a-z]+://\S+", value) and urlsplit(value).netloc)


def _reads(read, value):
    try:
        read(value)
    except ValueError:
        return False
    return True


class Contract:
    """The document. Answers are held to it strictly: what it does not name may not be in them either."""

    def __init__(self, document):
        self.document = document
        self.operations = {
            found["operationId"]: (method.upper(), path, found)
            for path, item in document["paths"].items()
            for method, found in item.items()
            if method in METHODS
        }
        self._loose = Registry().with_resource("urn:c", self._resource(document))
        self._strict = Registry().with_resource("urn:c", self._resource(_closed(document)))
        self.seen = set()

    @staticmethod
    def _resource(document):
        return Resource.from_contents(document, default_specification=DRAFT202012)

    def check(self, operation, status, body):
        """The body is what the contract says of this answer, or ValidationError."""
        responses = self.operations[operation][2]["responses"]
        self.seen.add((operation, status))
        if str(status) not in responses:
            if status < 400:
                raise ValidationError(f"{operation} does not know the answer {status}")
            problem = self.document["components"]["responses"]["Problem"]["content"]["application/problem+json"]
            self._validate(problem["schema"], body, self._loose)
            if body["status"] != status:
                raise ValidationError(f"the problem says {body['status']}, the answer {status}")
            return
        content = responses[str(status)].get("content")
        if content is None:
            if body is not None:
                raise ValidationError(f"{operation} {status} has a body")
            return
        schema = content["application/json"]["schema"]
        self._validate(schema, body, self._loose)
        if "allOf" not in schema:
            self._validate(_closed(schema), body, self._strict)
            return
        named = {name for piece in schema["allOf"] for name in self._resolved(piece)["properties"]}
        if set(body) - named:
            raise ValidationError(f"{operation} {status} has {set(body) - named}, which the contract does not name")

    def _resolved(self, schema):
        return self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema

    def event(self, body):
        """A webhook's body."""
        self._validate({"$ref": "#/components/schemas/Event"}, body, self._strict)
        data = {"onboarding": "Onboarding", "agreement": "Agreement", "transaction": "Transaction"}
        name = data[body["type"].split(".")[0]]
        self._validate({"$ref": f"#/components/schemas/{name}"}, body["data"], self._strict)

    def body_schema(self, operation):
        found = self.operations[operation][2].get("requestBody")
        return found and next(iter(found["content"].values()))["schema"]

    def allows(self, operation, body):
        try:
            self._validate(self.body_schema(operation), body, self._loose)
        except ValidationError:
            return False
        return True

    def forbidden(self, operation, body):
        """(what is wrong, a body that the contract forbids), made from one that it allows."""
        assert self.allows(operation, body)
        for path, schema in _fields(self.document, self.body_schema(operation)):
            for what, value in _wrong(schema):
                changed = copy.deepcopy(body)
                part = changed
                for key in path[:-1]:
                    part = part[key]
                if what == "absent":
                    part.pop(path[-1], None)
                else:
                    part[path[-1]] = value
                if not self.allows(operation, changed):
                    yield f"{'.'.join(path)} {what}", changed
        for other in ([], "text", None, 5):
            yield f"the whole body {other!r}", other

    def _validate(self, schema, body, registry):
        schema = _pointed(schema)
        Draft202012Validator(schema, registry=registry, format_checker=formats).validate(body)


def _pointed(schema):
    """With references into the document instead of into the schema."""
    if isinstance(schema, dict):
        return {k: "urn:c" + v if k == "$ref" and v.startswith("#") else _pointed(v) for k, v in schema.items()}
    return [_pointed(one) for one in schema] if isinstance(schema, list) else schema


def _closed(part):
    """A copy in which objects hold nothing but their properties."""
    if isinstance(part, list):
        return [_closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    found = {key: value if key == "enum" else _closed(value) for key, value in part.items()}
    return (
        found | {"unevaluatedProperties": False} if "properties" in found and found.get("type") == "object" else found
    )


def _fields(document, schema, path=()):
    """(path, schema) of every property of a request body, nested ones too."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    for name, found in schema.get("properties", {}).items():
        yield (*path, name), found
        yield from _fields(document, found, (*path, name))


def _wrong(schema):
    yield "absent", None
    for value in (
        None,
        5,
        True,
        1.5,
        [],
        {},
        "",
        "x",
        "٣" * 9,
        "x" * 40,
        "not an address",
        "2030-01-01",
        "2030-W01-1T00:00:00Z",
    ):
        yield f"= {value!r}", value
    if "minLength" in schema:
        yield "too short", "s" * (schema["minLength"] - 1)
    if "maxLength" in schema:
        yield "too long", "s" * (schema["maxLength"] + 1)
