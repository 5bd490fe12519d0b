"""Deploys one component of a deployed stage alone, or puts back an earlier version of it.

A component is a stack nested in the root: a service (``auth``) or a part of the
infrastructure (``edge``). Its template is built, packaged and stored under the
hash of its text; then the root stack is updated to the template that it has now
with this one address changed, all parameters as they were. So there is one copy
of everything, the root never disagrees with what runs, and a version is put back
by naming it. See docs/decisions/0001-one-root-of-nested-stacks.md.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from boto3.session import Session
from botocore.exceptions import WaiterError
from samtranslator.yaml_helper import yaml_parse

from pyairtable_common.engines.security import signing_keys

PROJECT = Path(__file__).resolve().parents[1]
SAM = PROJECT / ".venv-sam/bin/sam"
SERVICES = ("auth", "users", "workspaces", "tables", "records")
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")

# A template as parsed from YAML or JSON, and a botocore client, have no narrower type.
Template: TypeAlias = dict[str, Any]
Client: TypeAlias = Any


class Refusal(Exception):
    """Why it cannot be done, in a sentence."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What ``infra/env/<stage>.toml`` says of a stage."""

    stack: str
    region: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where in S3 the versions of a component's template lie."""

    bucket: str
    folder: str

    def key(self, version: str) -> str:
        return f"{self.folder}/{version}.template"


@dataclass(frozen=True, slots=True)
class Root:
    """A deployed root stack: its template as it was sent, and the names of its parameters."""

    stack: str
    template: Template
    parameters: tuple[str, ...]

    def address(self, component: str) -> str:
        """The URL of the template that a component has now. Raises ``Refusal``."""
        resource = self.template["Resources"].get(component.capitalize())
        if resource is None or resource["Type"] != "AWS::CloudFormation::Stack":
            raise Refusal(f"The stack {self.stack} has no component {component}.")
        return str(resource["Properties"]["TemplateURL"])


def main(arguments: Sequence[str]) -> None:
    """What the command line asks for; ends with a sentence where it cannot be done."""
    parsed = _parser().parse_args(arguments)
    try:
        stage = read_stage(parsed.stage)
        session = Session(region_name=stage.region)
        _COMMANDS[parsed.command](session, stage, parsed)
    except Refusal as refusal:
        sys.exit(str(refusal))


def read_stage(name: str) -> Stage:
    """Raises ``Refusal`` where there is no such stage."""
    path = PROJECT / "infra/env" / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in path.parent.glob("*.toml")))
        raise Refusal(f"There is no stage {name!r}; there are: {known}.")
    settings = tomllib.loads(path.read_text())["default"]["deploy"]["parameters"]
    return Stage(settings["stack_name"], settings["region"])


def read_root(cloudformation: Client, stack: str) -> Root:
    """The root as it is deployed. Raises botocore's ``ClientError`` where it is not."""
    body = cloudformation.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
    template: Template = yaml_parse(body) if isinstance(body, str) else json.loads(json.dumps(body))
    return Root(stack, template, tuple(template.get("Parameters", {})))


def place_of(root: Root, component: str) -> Place:
    """Beside the template that the component has now: ``https://<host>/<bucket>/<prefix>/<name>``."""
    bucket, _, key = urlsplit(root.address(component)).path.lstrip("/").partition("/")
    folder = key.rpartition("/")[0].removesuffix(f"components/{component}").rstrip("/")
    return Place(bucket, f"{folder}/components/{component}".lstrip("/"))


def publish(s3: Client, place: Place, template: str) -> str:
    """Stores a packaged template; the answer is its version, the same for the same text."""
    version = hashlib.sha256(template.encode()).hexdigest()[:16]
    s3.put_object(Bucket=place.bucket, Key=place.key(version), Body=template.encode())
    return version


def list_versions(s3: Client, place: Place) -> list[tuple[str, str]]:
    """(when stored, version) of the versions of a component, newest first; at most a thousand."""
    found = s3.list_objects_v2(Bucket=place.bucket, Prefix=place.folder + "/").get("Contents", [])
    stored = [(each["LastModified"].isoformat(), Path(each["Key"]).stem) for each in found]
    return sorted(stored, reverse=True)


def switch(cloudformation: Client, root: Root, component: str, place: Place, version: str) -> Sequence[str]:
    """Updates the root so that one component has another version; returns the resources that changed.

    Empty where it had that version already. Raises ``Refusal`` where CloudFormation
    rolls back: then everything is as it was.
    """
    before = urlsplit(root.address(component))
    address = before._replace(path=f"/{place.bucket}/{place.key(version)}").geturl()
    name = f"{component}-{version}"
    cloudformation.create_change_set(
        StackName=root.stack,
        ChangeSetName=name,
        TemplateBody=json.dumps(_with_address(root.template, component, address)),
        Parameters=[{"ParameterKey": each, "UsePreviousValue": True} for each in root.parameters],
        Capabilities=list(CAPABILITIES),
    )
    changed = _changes(cloudformation, root.stack, name)
    if changed:
        cloudformation.execute_change_set(StackName=root.stack, ChangeSetName=name)
        _wait(cloudformation, root.stack)
    return changed


def make_keys(secrets: Client, outputs: Mapping[str, str]) -> bool:
    """Fills the two secrets of the keys stack where they are empty; answers whether they were.

    The public half goes first: no token is signed before everybody can verify it.
    """
    held = json.loads(secrets.get_secret_value(SecretId=outputs["SigningKeysArn"])["SecretString"])
    if held["keys"]:
        return False
    keys = signing_keys.make_keys()
    public, private = json.dumps(keys.public_document()), json.dumps(keys.document())
    secrets.put_secret_value(SecretId=outputs["VerificationKeysArn"], SecretString=public)
    secrets.put_secret_value(SecretId=outputs["SigningKeysArn"], SecretString=private)
    return True


def _with_address(template: Template, component: str, address: str) -> Template:
    changed: Template = json.loads(json.dumps(template))
    changed["Resources"][component.capitalize()]["Properties"]["TemplateURL"] = address
    return changed


def _changes(cloudformation: Client, stack: str, change_set: str) -> Sequence[str]:
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(
            StackName=stack, ChangeSetName=change_set, WaiterConfig={"Delay": 2, "MaxAttempts": 150}
        )
    except WaiterError as error:
        reason = str(error.last_response.get("StatusReason", error))
        cloudformation.delete_change_set(StackName=stack, ChangeSetName=change_set)
        if "didn't contain changes" in reason or "No updates" in reason:
            return ()
        raise Refusal(f"CloudFormation refused the change: {reason}") from error
    changes = cloudformation.describe_change_set(StackName=stack, ChangeSetName=change_set)["Changes"]
    return tuple(each["ResourceChange"]["LogicalResourceId"] for each in changes)


def _wait(cloudformation: Client, stack: str) -> None:
    try:
        cloudformation.get_waiter("stack_update_complete").wait(
            StackName=stack, WaiterConfig={"Delay": 2, "MaxAttempts": 900}
        )
    except WaiterError as error:
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        failed = [each for each in events if each["ResourceStatus"].endswith("_FAILED")]
        reasons = [f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason', '')}" for each in failed]
        raise Refusal(f"The update of {stack} failed. Latest first: {'; '.join(reasons[:5])}") from error


def _deploy_component(session: Session, stage: Stage, parsed: argparse.Namespace) -> None:
    cloudformation, s3 = session.client("cloudformation"), session.client("s3")
    root = read_root(cloudformation, stage.stack)
    place = place_of(root, parsed.component)
    version = parsed.version or publish(s3, place, package(parsed.component, place))
    changed = switch(cloudformation, root, parsed.component, place, version)
    print(f"{parsed.component} is at version {version}; changed: {', '.join(changed) or 'nothing'}")


def package(component: str, place: Place) -> str:
    """Builds a component and puts its code into S3; returns its template, which then names the code there."""
    folder = PROJECT / ".aws-sam" / f"component-{component}"
    template = f"functions/{component}/template.yaml" if component in SERVICES else f"infra/{component}.yaml"
    _sam("build", "--template", template, "--build-dir", str(folder))
    packaged = folder / "packaged.yaml"
    _sam(
        *("package", "--template-file", str(folder / "template.yaml"), "--s3-bucket", place.bucket),
        *("--s3-prefix", place.folder, "--output-template-file", str(packaged)),
    )
    return packaged.read_text()


def _sam(*arguments: str) -> None:
    result = subprocess.run([SAM, *arguments], cwd=PROJECT, check=False)  # noqa: S603 (our own arguments)
    if result.returncode:
        raise Refusal(f"sam {arguments[0]} failed.")


def _print_versions(session: Session, stage: Stage, parsed: argparse.Namespace) -> None:
    root = read_root(session.client("cloudformation"), stage.stack)
    for when, version in list_versions(session.client("s3"), place_of(root, parsed.component)):
        print(when, version)


def _make_keys(session: Session, stage: Stage, _: argparse.Namespace) -> None:
    (stack,) = session.client("cloudformation").describe_stacks(StackName=stage.stack)["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    made = make_keys(session.client("secretsmanager"), outputs)
    print("The first signing key was made." if made else "There are signing keys already.")


_COMMANDS: Mapping[str, Any] = {
    "component": _deploy_component,
    "versions": _print_versions,
    "keys": _make_keys,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    component = commands.add_parser("component", help="deploy one component alone")
    component.add_argument("component")
    component.add_argument("--version", help="an earlier version, as `versions` lists them")
    versions = commands.add_parser("versions", help="list the versions of a component")
    versions.add_argument("component")
    keys = commands.add_parser("keys", help="make the first signing key where there is none")
    for each in (component, versions, keys):
        each.add_argument("--stage", default="dev")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
