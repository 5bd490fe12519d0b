"""The built templates, deployed to MiniStack: API Gateway, Lambda processes with the layer, DynamoDB.

`sam build` and `sam package` do what they do for AWS. MiniStack applies the SAM
transform to a root stack only, so the packaged nested templates are expanded
here, by the transform's own code, before the one stack is created.
"""

import fnmatch
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import pytest
from boto3.session import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

import deploy

pytestmark = [pytest.mark.ministack, pytest.mark.deploy, pytest.mark.xdist_group("deployed")]

ROOT = Path(__file__).parents[2]
SAM = ROOT / ".venv-sam/bin/sam"
STACK = "pyairtable-e2e"
BUCKET = "pyairtable-e2e-artifacts"
REGION = "us-east-1"
DEPLOY_SECONDS = 120
FIELDS = [
    {"name": "Name", "type": "singleLineText"},
    {"name": "Count", "type": "number", "options": {"precision": 0}},
]
SCOPES = ["data.records:read", "data.records:write", "schema.bases:read", "schema.bases:write"]

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployed stage, and its one address: the paths of the deployed distribution, followed by hand."""

    endpoint: str
    session: Session
    behaviours: Sequence[tuple[str, str]]
    http: httpx.Client

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.endpoint)

    def call(self, method: str, path: str, body: object = None, token: str = "") -> httpx.Response:
        api = next(api for pattern, api in self.behaviours if fnmatch.fnmatchcase(path, pattern))
        return self.http.request(
            method,
            f"{self.endpoint}/restapis/{api}/live/_user_request_{path}",
            content=None if body is None else json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                **({"Authorization": f"Bearer {token}"} if token else {}),
            },
        )

    def ask(self, method: str, path: str, body: object = None, token: str = "") -> Json:
        answer = self.call(method, path, body, token)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return cast("Json", answer.json())

    def function_changes(self) -> dict[str, str]:
        """Which code and settings each function has, as one text: it changes with each deployment."""
        functions = self.client("lambda").list_functions()["Functions"]
        return {each["FunctionName"].rpartition("-")[2]: each["RevisionId"] for each in functions}


@pytest.fixture(scope="module")
def deployment(ministack_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The whole application, built for this machine's Python and deployed as one stack."""
    if not SAM.exists():
        pytest.skip("the SAM command line is not installed: run `make .venv-sam/.stamp`")
    session = Session("local", "local", region_name=REGION)
    packaged = _build_and_package(ministack_endpoint, session, tmp_path_factory.mktemp("sam"))
    cloudformation = session.client("cloudformation", endpoint_url=ministack_endpoint)
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=packaged,
        Capabilities=list(deploy.CAPABILITIES),
        Parameters=[
            {"ParameterKey": "Stage", "ParameterValue": "e2e"},
            {"ParameterKey": "RequireVerification", "ParameterValue": "false"},
        ],
    )
    outputs = _wait_until_there(cloudformation)
    assert deploy.make_keys(session.client("secretsmanager", endpoint_url=ministack_endpoint), outputs)
    with httpx.Client(timeout=60) as http:
        yield Deployment(ministack_endpoint, session, _behaviours(session, ministack_endpoint), http)


def test_a_record_goes_through_every_service_and_comes_back(deployment: Deployment) -> None:
    who = {"email": "ada@example.com", "password": "wanders past 9 quiet lanterns"}
    deployment.ask("POST", "/v1/auth/register", {**who, "name": "Ada"})
    access = deployment.ask("POST", "/v1/auth/login", who)["accessToken"]
    assert deployment.ask("GET", "/v1/users/me", token=access)["email"] == who["email"]
    token = deployment.ask("POST", "/v1/auth/tokens", {"name": "e2e", "scopes": SCOPES}, access)["token"]
    workspace = deployment.ask("GET", "/v1/workspaces", token=access)["workspaces"][0]["id"]
    tables = [{"name": "Things", "fields": FIELDS}]
    base = deployment.ask(
        "POST", "/v0/meta/bases", {"name": "Base", "workspaceId": workspace, "tables": tables}, token
    )["id"]
    fields = {"Name": "größe 👍", "Count": 7}
    made = deployment.ask("POST", f"/v0/{base}/Things", {"fields": fields}, token)
    assert deployment.ask("GET", f"/v0/{base}/Things/{made['id']}", token=token)["fields"] == fields
    (listed,) = deployment.ask("GET", f"/v0/{base}/Things", token=token)["records"]
    assert listed == made
    stored = deployment.client("dynamodb").scan(TableName="pyairtable-e2e-bases")["Items"]
    assert made["id"] in {item["sk"]["S"] for item in stored}


def test_a_token_signed_by_auth_is_refused_once_a_letter_of_it_is_changed(deployment: Deployment) -> None:
    who = {"email": "grace@example.com", "password": "wanders past 9 quiet lanterns", "name": "Grace"}
    access = deployment.ask("POST", "/v1/auth/register", who)["accessToken"]
    head, claims, signature = access.split(".")
    forged = ".".join((head, claims, ("B" if signature[0] == "A" else "A") + signature[1:]))
    assert deployment.call("GET", "/v1/users/me", token=access).status_code == 200
    assert deployment.call("GET", "/v1/users/me", token=forged).status_code == 401


def test_the_public_keys_are_served_without_the_private_ones(deployment: Deployment) -> None:
    keys = deployment.ask("GET", "/.well-known/jwks.json")["keys"]
    assert keys
    assert not [key for key in keys if "d" in key]


def test_making_keys_again_keeps_those_that_are_there(deployment: Deployment) -> None:
    (stack,) = deployment.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    before = deployment.ask("GET", "/.well-known/jwks.json")
    assert not deploy.make_keys(deployment.client("secretsmanager"), outputs)
    assert deployment.ask("GET", "/.well-known/jwks.json") == before


def test_one_service_is_deployed_and_put_back_alone(deployment: Deployment) -> None:
    cloudformation, s3 = deployment.client("cloudformation"), deployment.client("s3")
    root = deploy.read_root(cloudformation, STACK)
    place = deploy.place_of(root, "workspaces")
    text = s3.get_object(Bucket=BUCKET, Key=urlsplit(root.address("workspaces")).path.split("/", 2)[2])[
        "Body"
    ].read()
    first = deploy.publish(s3, place, text.decode())
    second = deploy.publish(s3, place, text.decode().replace('"MemorySize": 1024', '"MemorySize": 512'))
    assert first != second
    before = deployment.function_changes()

    assert "Workspaces" in deploy.switch(cloudformation, root, "workspaces", place, second)
    assert _memory(deployment, "workspaces") == 512
    after = deployment.function_changes()
    assert {name for name in before if before[name] != after[name]} == {"workspaces"}

    assert deploy.switch(cloudformation, deploy.read_root(cloudformation, STACK), "workspaces", place, first)
    assert _memory(deployment, "workspaces") == 1024
    assert {version for _, version in deploy.list_versions(s3, place)} == {first, second}
    assert deployment.call("GET", "/v1/workspaces").status_code == 401


def _build_and_package(endpoint: str, session: Session, folder: Path) -> str:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PLATFORM": "local",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
    }
    s3 = session.client("s3", endpoint_url=endpoint)
    s3.create_bucket(Bucket=BUCKET)
    built, packaged = folder / "build", folder / "packaged.yaml"
    _sam(environment, "build", "--parallel", "--template", ROOT / "template.yaml", "--build-dir", built)
    _sam(
        environment,
        "package",
        "--template-file",
        built / "template.yaml",
        "--s3-bucket",
        BUCKET,
        "--s3-prefix",
        "e2e",
        "--output-template-file",
        packaged,
    )
    _expand_nested(s3, session, packaged.read_text())
    return packaged.read_text()


def _sam(environment: Mapping[str, str], *arguments: str | Path) -> None:
    result = subprocess.run(
        [SAM, *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def _expand_nested(s3: Any, session: Session, packaged: str) -> None:
    for resource in yaml_parse(packaged)["Resources"].values():
        key = urlsplit(resource["Properties"]["TemplateURL"]).path.split("/", 2)[2]
        template = yaml_parse(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode())
        if "Transform" in template:
            parameters = {
                name: str(each.get("Default", "x")) for name, each in template["Parameters"].items()
            }
            expanded = Translator({}, Parser(), boto_session=session).translate(template, parameters)
            text = json.dumps(_with_spelled_arns(expanded))
            s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())


def _with_spelled_arns(tree: Any) -> Any:
    """The ARNs of roles and log groups spelled out: MiniStack forgets them when it updates a nested stack."""
    if isinstance(tree, list):
        return [_with_spelled_arns(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    match tree.get("Fn::GetAtt"):
        case [str(name), "Arn"] if name.endswith("Role"):
            return {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/${{{name}}}"}
        case [str(name), "Arn"] if name.endswith("Logs"):
            place = "${AWS::Region}:${AWS::AccountId}"
            return {"Fn::Sub": f"arn:${{AWS::Partition}}:logs:{place}:log-group:${{{name}}}:*"}
    return {key: _with_spelled_arns(each) for key, each in tree.items()}


def _wait_until_there(cloudformation: Any) -> dict[str, str]:
    deadline = time.monotonic() + DEPLOY_SECONDS
    while time.monotonic() < deadline:
        (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            assert stack["StackStatus"] == "CREATE_COMPLETE", stack.get("StackStatusReason")
            return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        time.sleep(0.2)
    pytest.fail(f"the stack was not there after {DEPLOY_SECONDS} s")


def _behaviours(session: Session, endpoint: str) -> Sequence[tuple[str, str]]:
    """Path patterns and the ids of the APIs behind them, in the order in which CloudFront tries them."""
    cloudfront = session.client("cloudfront", endpoint_url=endpoint)
    (found,) = cloudfront.list_distributions()["DistributionList"]["Items"]
    config = cloudfront.get_distribution_config(Id=found["Id"])["DistributionConfig"]
    apis = {origin["Id"]: origin["DomainName"].partition(".")[0] for origin in config["Origins"]["Items"]}
    behaviours = [
        (each["PathPattern"], apis[each["TargetOriginId"]]) for each in config["CacheBehaviors"]["Items"]
    ]
    return [*behaviours, ("*", apis[config["DefaultCacheBehavior"]["TargetOriginId"]])]


def _memory(deployment: Deployment, service: str) -> int:
    function = f"pyairtable-e2e-{service}"
    return int(deployment.client("lambda").get_function_configuration(FunctionName=function)["MemorySize"])
