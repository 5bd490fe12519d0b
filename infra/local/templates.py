"""What a service's SAM template says about its HTTP interface: routes, CORS, gateway responses.

Only what API Gateway would act on is read; CloudFormation's own tags (``!Sub``,
``!GetAtt``) are kept as opaque values, since nothing here depends on them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml

Tree: TypeAlias = Mapping[str, object]

SERVICE_TEMPLATE = "template.yaml"


class TemplateError(Exception):
    """A template says something that this gateway cannot serve."""


@dataclass(frozen=True, slots=True)
class FunctionSource:
    """Where a Lambda function's code lies and what its template says about running it."""

    name: str
    folder: Path
    handler: str
    memory_mb: int
    timeout_seconds: int


@dataclass(frozen=True, slots=True)
class Route:
    """One SAM ``Api`` event: a method on a resource path, and the function behind it."""

    method: str
    path: str
    function: FunctionSource


@dataclass(frozen=True, slots=True)
class Cors:
    """The header values with which API Gateway answers a preflight request."""

    origin: str
    methods: str
    headers: str
    max_age: str | None = None


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    """What the gateway itself answers, without a function, for one kind of failure.

    ``status`` is ``None`` where the failure's own status is kept.
    """

    status: int | None
    body: str
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Interface:
    """Everything that a set of templates says about its HTTP interface.

    ``answers`` is keyed by API Gateway's response type, e.g. ``MISSING_AUTHENTICATION_TOKEN``.
    """

    routes: tuple[Route, ...]
    cors: Cors | None
    answers: Mapping[str, GatewayAnswer]


def read_services(folder: Path) -> Interface:
    """The interface of all services under a folder, one template each, in the order of their names.

    Raises ``TemplateError`` where there is none, or where one cannot be served.
    """
    paths = sorted(folder.glob(f"*/{SERVICE_TEMPLATE}"))
    if not paths:
        raise TemplateError(f"There is no service template under {folder}.")
    return _merge([read_interface(path) for path in paths])


def read_interface(path: Path) -> Interface:
    """The interface that one template declares."""
    template = _load(path)
    resources = _mapping(template.get("Resources"))
    defaults = _mapping(template.get("Globals"))
    functions = _of_type(resources, "AWS::Serverless::Function", _mapping(defaults.get("Function")))
    apis = _of_type(resources, "AWS::Serverless::Api", _mapping(defaults.get("Api")))
    routes = [route for name, properties in functions for route in _routes(path, name, properties)]
    cors = [_cors(found) for _, properties in apis if (found := properties.get("Cors"))]
    answers = {
        kind: answer
        for _, properties in apis
        for kind, answer in _answers(_mapping(properties.get("GatewayResponses")))
    }
    return Interface(tuple(routes), cors[0] if cors else None, answers)


def _merge(interfaces: list[Interface]) -> Interface:
    answers: dict[str, GatewayAnswer] = {}
    for interface in interfaces:
        answers.update(interface.answers)
    cors = [interface.cors for interface in interfaces if interface.cors is not None]
    routes = [route for interface in interfaces for route in interface.routes]
    return Interface(tuple(routes), cors[0] if cors else None, answers)


def _of_type(resources: Tree, kind: str, defaults: Tree) -> list[tuple[str, Tree]]:
    return [
        (name, {**defaults, **_mapping(_mapping(resource).get("Properties"))})
        for name, resource in resources.items()
        if _mapping(resource).get("Type") == kind
    ]


def _routes(template: Path, name: str, properties: Tree) -> Iterator[Route]:
    source = _source(template, name, properties)
    for event in _mapping(properties.get("Events")).values():
        if _mapping(event).get("Type") == "Api":
            what = _mapping(_mapping(event).get("Properties"))
            yield Route(str(what["Method"]).upper(), str(what["Path"]), source)


def _source(template: Path, name: str, properties: Tree) -> FunctionSource:
    handler = properties.get("Handler")
    if not isinstance(handler, str) or handler.count(".") != 1:
        raise TemplateError(f"{template}: {name} has no Handler of the form module.function.")
    code = properties.get("CodeUri", ".")
    folder = (template.parent / (code if isinstance(code, str) else ".")).resolve()
    memory, timeout = properties.get("MemorySize"), properties.get("Timeout")
    return FunctionSource(
        name=name,
        folder=folder,
        handler=handler,
        memory_mb=memory if isinstance(memory, int) else 128,
        timeout_seconds=timeout if isinstance(timeout, int) else 29,
    )


def _cors(declared: object) -> Cors:
    """SAM's ``Cors``: a single origin, or a mapping whose values are quoted header values."""
    if isinstance(declared, str):
        declared = {"AllowOrigin": declared}
    values = {key: _unquoted(value) for key, value in _mapping(declared).items()}
    return Cors(
        origin=values.get("AllowOrigin", "*"),
        methods=values.get("AllowMethods", ""),
        headers=values.get("AllowHeaders", ""),
        max_age=values.get("MaxAge"),
    )


def _answers(declared: Tree) -> Iterator[tuple[str, GatewayAnswer]]:
    for kind, answer in declared.items():
        body = _mapping(answer)
        templates = _mapping(body.get("ResponseTemplates"))
        content_type, text = next(iter(templates.items()), ("application/json", ""))
        parameters = _mapping(_mapping(body.get("ResponseParameters")).get("Headers"))
        headers = {name: _unquoted(value) for name, value in parameters.items()}
        status = body.get("StatusCode")
        yield kind, GatewayAnswer(int(str(status)) if status else None, str(text), content_type, headers)


def _unquoted(value: object) -> str:
    return str(value).strip().strip("'")


def _mapping(value: object) -> Tree:
    return value if isinstance(value, dict) else {}


class _CloudFormationLoader(yaml.SafeLoader):
    """Safe YAML that tolerates CloudFormation's short-form tags."""


def _construct_tagged(loader: _CloudFormationLoader, suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        value: object = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    return {suffix: value}


_CloudFormationLoader.add_multi_constructor("!", _construct_tagged)


def _load(path: Path) -> Tree:
    try:
        # The loader is a SafeLoader: it builds plain values only.
        return _mapping(yaml.load(path.read_text(encoding="utf-8"), Loader=_CloudFormationLoader))  # noqa: S506
    except (OSError, yaml.YAMLError) as error:
        raise TemplateError(f"The template {path} cannot be read: {error}") from error
