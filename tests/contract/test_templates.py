"""The templates against the code they deploy, and against one another."""

import fnmatch
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

import pytest
from boto3.session import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from pyairtable_common.config import Engine, read_config
from pyairtable_common.domain.rate_limits import PROFILES
from pyairtable_common.repositories.keys import COUNTERS, token_use
from pyairtable_common.web.client_address import EDGE_PROOF

Tree: TypeAlias = Mapping[str, Any]

ROOT = Path(__file__).parents[2]
SERVICES = ("auth", "users", "workspaces", "tables", "records")
TEMPLATES = (
    ROOT / "template.yaml",
    *sorted((ROOT / "infra").glob("*.yaml")),
    *(ROOT / "functions" / service / "template.yaml" for service in SERVICES),
)
CORS_METHODS = {"DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"}
# The only actions that AWS offers on no named resource.
WITHOUT_RESOURCE = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}

each_service = pytest.mark.parametrize("service", SERVICES)


@each_service
def test_a_template_has_exactly_the_routes_of_the_code(service: str) -> None:
    router = importlib.import_module(f"{service}_api.routes").router
    assert _routes(service) == {(route.method, route.path) for route in router.routes}


@each_service
def test_an_event_names_one_method_and_no_greedy_path(service: str) -> None:
    for method, path in _routes(service):
        assert method in CORS_METHODS - {"OPTIONS"}
        assert "+" not in path


def test_no_route_is_defined_twice() -> None:
    events = [
        (event["Properties"]["Method"], event["Properties"]["Path"])
        for service in SERVICES
        for event in _function(service)["Events"].values()
    ]
    assert len(events) == len(set(events))


def test_the_edge_sends_every_route_to_the_service_that_has_it() -> None:
    config = _load(ROOT / "infra/edge.yaml")["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    behaviours = [(each["PathPattern"], each["TargetOriginId"]) for each in config["CacheBehaviors"]]
    behaviours.append(("*", config["DefaultCacheBehavior"]["TargetOriginId"]))
    for service in SERVICES:
        for _, path in _routes(service):
            target = next(origin for pattern, origin in behaviours if fnmatch.fnmatchcase(path, pattern))
            assert target == service, path


def test_every_behaviour_of_the_edge_passes_everything_and_keeps_nothing() -> None:
    config = _load(ROOT / "infra/edge.yaml")["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    for behaviour in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        assert set(behaviour["AllowedMethods"]) == CORS_METHODS | {"HEAD"}
        assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
        assert behaviour["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
        assert behaviour["ViewerProtocolPolicy"] == "https-only"


def test_the_edge_proves_itself_to_every_service() -> None:
    config = _load(ROOT / "infra/edge.yaml")["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    assert {origin["Id"] for origin in config["Origins"]} == set(SERVICES)
    for origin in config["Origins"]:
        (header,) = origin["OriginCustomHeaders"]
        assert header == {"HeaderName": EDGE_PROOF, "HeaderValue": {"Ref": "EdgeProof"}}
    proofs = [nested["Parameters"]["EdgeProof"] for name, nested in _nested_stacks() if name == "Edge"]
    for name, nested in _nested_stacks():
        if name.lower() in SERVICES:
            assert [nested["Parameters"]["EdgeProof"]] == proofs


def test_a_stage_may_choose_any_profile_of_rate_limits() -> None:
    declared = _load(ROOT / "template.yaml")["Parameters"]["RateLimits"]
    assert declared["AllowedValues"] == list(PROFILES)
    assert declared["Default"] == "generous"


def test_the_root_passes_each_stack_what_it_needs_and_nothing_else() -> None:
    for name, nested in _nested_stacks():
        declared = _load(ROOT / nested["TemplateURL"]).get("Parameters", {})
        given = set(nested.get("Parameters", {}))
        needed = {key for key, parameter in declared.items() if "Default" not in parameter}
        assert needed <= given <= set(declared), name


def test_every_output_that_the_root_reads_exists() -> None:
    outputs = {
        name: set(_load(ROOT / nested["TemplateURL"]).get("Outputs", {})) for name, nested in _nested_stacks()
    }
    read = [
        found["Fn::GetAtt"] for found in _mappings(_load(ROOT / "template.yaml")) if "Fn::GetAtt" in found
    ]
    assert read
    for stack, attribute in read:
        assert attribute.removeprefix("Outputs.") in outputs[stack], f"{stack}.{attribute}"


def test_the_root_nests_every_template_once() -> None:
    nested = sorted(nested["TemplateURL"] for _, nested in _nested_stacks())
    assert nested == sorted(str(path.relative_to(ROOT)) for path in TEMPLATES[1:])


def test_functions_of_different_services_have_different_logical_ids() -> None:
    # `sam local start-api` finds the function of a route by this id alone, whatever stack it is in.
    names = [name for service in SERVICES for name, _ in _resources(service, "AWS::Serverless::Function")]
    assert len(names) == len(set(names))


@each_service
def test_each_function_has_a_role_of_its_own(service: str) -> None:
    roles = [
        function["Role"]["Fn::GetAtt"] for _, function in _resources(service, "AWS::Serverless::Function")
    ]
    names = [name for name, _ in _resources(service, "AWS::IAM::Role")]
    assert sorted(names) == sorted(role if isinstance(role, str) else role[0] for role in roles)


@each_service
def test_a_role_names_each_action_and_each_resource(service: str) -> None:
    for statement in _statements(service):
        actions = set(statement["Action"])
        assert not [action for action in actions if "*" in action or action.endswith(":Scan")]
        if not actions <= WITHOUT_RESOURCE:
            assert "*" not in json.dumps(statement["Resource"])


@each_service
def test_only_the_owners_of_a_table_write_it(service: str) -> None:
    owners = {
        "IdentityTable": {"auth", "users"},
        "TenancyTable": {"workspaces", "tables", "auth", "users"},
        "BasesTable": {"tables", "records"},
        "TokenUsesInIdentityTable": {"workspaces", "tables", "records"},
    }
    for statement in _statements(service):
        if statement["Sid"] == "RateLimits":
            assert statement["Action"] == ["dynamodb:UpdateItem"]
            assert statement["Condition"] == {
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{COUNTERS}*"]}
            }
        elif {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"} & set(statement["Action"]):
            assert service in owners[statement["Sid"]]


@each_service
def test_those_who_only_note_a_tokens_use_can_write_nothing_else_of_identity(service: str) -> None:
    found = [each for each in _statements(service) if each["Sid"] == "TokenUsesInIdentityTable"]
    assert bool(found) == (service not in {"auth", "users"})
    for statement in found:
        assert statement["Action"] == ["dynamodb:PutItem"]
        assert statement["Condition"] == {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [token_use("usr*", "x").pk]}
        }


def test_only_auth_may_read_the_private_keys() -> None:
    keys = {name: nested["Parameters"].get("KeysSecretArn") for name, nested in _nested_stacks()}
    private = {"Fn::GetAtt": ["Keys", "Outputs.SigningKeysArn"]}
    assert [name for name, arn in keys.items() if arn == private] == ["Auth"]


@each_service
def test_what_all_services_share_is_the_same_in_each(service: str) -> None:
    assert _shared(service) == _shared("auth")


@each_service
def test_the_environment_is_all_that_the_configuration_asks_for(service: str) -> None:
    variables = _function(service)["Environment"]["Variables"]
    given = _parameters(service)
    config = read_config(
        {
            name: value if isinstance(value, str) else given.get(value.get("Ref"), "x")
            for name, value in variables.items()
        }
    )
    assert config.engine is Engine.DYNAMODB
    assert variables["POWERTOOLS_SERVICE_NAME"] == service


@each_service
def test_a_template_expands_with_a_preflight_on_every_path(service: str) -> None:
    translator = Translator({}, Parser(), boto_session=Session(region_name="us-east-1"))
    expanded = translator.translate(_packaged(service), _parameters(service))
    body = expanded["Resources"]["Api"]["Properties"]["Body"]
    assert set(body["paths"]) == {path for _, path in _routes(service)}
    for methods in body["paths"].values():
        preflight = methods["options"]["x-amazon-apigateway-integration"]["responses"]["default"]
        headers = preflight["responseParameters"]
        allowed = headers["method.response.header.Access-Control-Allow-Methods"].strip("'").split(",")
        assert set(allowed) == CORS_METHODS


@each_service
def test_the_gateways_own_answers_are_in_the_apis_envelopes(service: str) -> None:
    answers = _load(_template(service))["Resources"]["Api"]["Properties"]["GatewayResponses"]
    assert {
        "MISSING_AUTHENTICATION_TOKEN",
        "DEFAULT_4XX",
        "DEFAULT_5XX",
        "REQUEST_TOO_LARGE",
        "THROTTLED",
    } <= set(answers)
    for answer in answers.values():
        error = json.loads(answer["ResponseTemplates"]["application/json"])["error"]
        assert error == "NOT_FOUND" or set(error) == {"type", "message"}
        assert answer["ResponseParameters"]["Headers"] == {"Access-Control-Allow-Origin": "'*'"}


def test_cfn_lint_finds_nothing() -> None:
    linter = str(Path(sys.executable).with_name("cfn-lint"))
    command = [linter, "--non-zero-exit-code", "warning", *map(str, TEMPLATES)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_sam_local_would_serve_every_route_on_one_port() -> None:
    """What ``sam local start-api`` serves, asked of SAM CLI's own source; running it needs Docker."""
    python = ROOT / ".venv-sam/bin/python"
    if not python.exists():
        pytest.skip("the SAM command line is not installed: `make test` installs it into .venv-sam")
    command = [python, Path(__file__).with_name("sam_local_view.py"), ROOT / "template.yaml"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    seen = json.loads(result.stdout)
    served = {
        (method, path, function)
        for method, path, function in map(tuple, seen["routes"])
        if method != "OPTIONS"
    }
    assert served == {
        (method, path, f"{service.capitalize()}Function")
        for service in SERVICES
        for method, path in _routes(service)
    }
    assert set(seen["layers"].values()) == {str(ROOT / "layers/common")}
    functions = [name for service in SERVICES for name, _ in _resources(service, "AWS::Serverless::Function")]
    assert len(seen["layers"]) == len(functions)


def _template(service: str) -> Path:
    return ROOT / "functions" / service / "template.yaml"


def _load(path: Path) -> Tree:
    return cast("Tree", yaml_parse(path.read_text()))


def _resources(service: str, kind: str) -> Iterator[tuple[str, Tree]]:
    for name, resource in _load(_template(service))["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource["Properties"]


def _parameters(service: str) -> dict[str, str]:
    return {
        name: str(each.get("Default", "x")) for name, each in _load(_template(service))["Parameters"].items()
    }


def _packaged(service: str) -> Tree:
    """The template as `sam package` leaves it: code lies in S3."""
    template = _load(_template(service))
    for resource in template["Resources"].values():
        for place in {"CodeUri", "ContentUri"} & set(resource["Properties"]):
            resource["Properties"][place] = "s3://bucket/key"
    return template


def _function(service: str) -> Tree:
    """The function behind the service's routes; others take jobs."""
    return next(
        properties
        for _, properties in _resources(service, "AWS::Serverless::Function")
        if properties["Handler"] == "app.handler"
    )


def _routes(service: str) -> set[tuple[str, str]]:
    return {
        (event["Properties"]["Method"], event["Properties"]["Path"])
        for event in _function(service)["Events"].values()
        if event["Type"] == "Api"
    }


def _statements(service: str) -> Iterator[Tree]:
    for _, role in _resources(service, "AWS::IAM::Role"):
        for policy in role["Policies"]:
            yield from policy["PolicyDocument"]["Statement"]


def _nested_stacks() -> Iterator[tuple[str, Tree]]:
    for name, resource in _load(ROOT / "template.yaml")["Resources"].items():
        assert resource["Type"] == "AWS::CloudFormation::Stack"
        yield name, resource["Properties"]


def _shared(service: str) -> Tree:
    """The template without what is the service's own: its routes, workers, tables, queues, name."""
    template = _load(_template(service))
    workers = [
        name
        for name, properties in _resources(service, "AWS::Serverless::Function")
        if properties["Handler"] != "app.handler"
    ]
    for name in workers:
        for own in (name, f"{name}Logs", f"{name}Role"):
            del template["Resources"][own]
        template["Resources"].pop(f"{name}Alarm", None)
    resources = json.loads(
        json.dumps(template["Resources"])
        .replace(f"{service.capitalize()}Function", "Function")
        .replace(f"${{NamePrefix}}{service}", "${NamePrefix}service")
    )
    function = resources["Function"]["Properties"]
    del function["Events"], function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    function["Environment"]["Variables"].pop("PYAIRTABLE_REQUIRE_VERIFICATION", None)
    (policy,) = resources["FunctionRole"]["Properties"]["Policies"]
    del policy["PolicyName"]
    document = policy["PolicyDocument"]
    document["Statement"] = [
        each for each in document["Statement"] if not each["Sid"].endswith(("Table", "Queue"))
    ]
    return {"Resources": resources, "Outputs": template["Outputs"]}


def _mappings(tree: object) -> Iterator[Tree]:
    if isinstance(tree, Mapping):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for each in tree:
            yield from _mappings(each)
