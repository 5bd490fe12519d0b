"""Small made-up services, written to a folder as templates and code: what the gateway serves in its tests."""

from pathlib import Path

ECHO = """
import json

def handler(event, context):
    seen = {
        "event": event,
        "function": context.function_name,
        "request_id": context.aws_request_id,
        "remaining": context.get_remaining_time_in_millis(),
        "memory": context.memory_limit_in_mb,
        "arn": context.invoked_function_arn,
    }
    return {"statusCode": 200, "headers": {"X-Service": "SERVICE"}, "body": json.dumps(seen)}
"""

TRICKS = """
def handler(event, context):
    return ANSWERS[event["pathParameters"]["trick"]]()

def _raise():
    raise RuntimeError("a defect")

ANSWERS = {
    "raise": _raise,
    "none": lambda: None,
    "no-status": lambda: {"body": "x"},
    "object-body": lambda: {"statusCode": 200, "body": {"a": 1}},
    "bad-base64": lambda: {"statusCode": 200, "body": "%", "isBase64Encoded": True},
    "binary": lambda: {"statusCode": 200, "body": "/wCA", "isBase64Encoded": True},
    "cookies": lambda: {
        "statusCode": 201,
        "headers": {"set-cookie": "lost", "x-one": "1"},
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
        "body": "caf\\u00e9",
    },
    "no-content": lambda: {"statusCode": 204, "body": ""},
}
"""

META_TEMPLATE = """
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      Name: !Sub "${AWS::StackName}-api"
      Cors:
        AllowOrigin: "'*'"
        AllowMethods: "'DELETE,GET,OPTIONS,PATCH,POST,PUT'"
        AllowHeaders: "'authorization,content-type'"
        MaxAge: "'600'"
      GatewayResponses:
        MISSING_AUTHENTICATION_TOKEN:
          StatusCode: 404
          ResponseParameters:
            Headers:
              Access-Control-Allow-Origin: "'*'"
          ResponseTemplates:
            application/json: '{"error":"NOT_FOUND"}'
  MetaFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: app.handler
      MemorySize: 512
      Timeout: 29
      Role: !GetAtt Role.Arn
      Environment: !If [Traced, {Variables: {A: b}}, !Ref "AWS::NoValue"]
      Events:
        ListBases: {Type: Api, Properties: {Path: /v0/meta/bases, Method: get, RestApiId: !Ref Api}}
        Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
"""

RECORDS_TEMPLATE = """
Globals:
  Function:
    Handler: app.handler
    MemorySize: 1024
Resources:
  RecordsFunction:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        List: {Type: Api, Properties: {Path: "/v0/{baseId}/{table}", Method: GET}}
        Create: {Type: Api, Properties: {Path: "/v0/{baseId}/{table}", Method: POST}}
        Delete: {Type: Api, Properties: {Path: "/v0/{baseId}/{table}", Method: DELETE}}
        Get: {Type: Api, Properties: {Path: "/v0/{baseId}/{table}/{recordId}", Method: GET}}
        Query: {Type: Api, Properties: {Path: "/v0/{base}/{name}/listRecords", Method: POST}}
"""

TRICKS_TEMPLATE = """
Resources:
  TricksFunction:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Events:
        Trick: {Type: Api, Properties: {Path: "/tricks/{trick}", Method: GET}}
"""


def write_services(folder: Path) -> Path:
    """Three services under ``folder``: two that answer with the event they got, one that misbehaves."""
    for name, template, code in (
        ("meta", META_TEMPLATE, ECHO.replace("SERVICE", "meta")),
        ("records", RECORDS_TEMPLATE, ECHO.replace("SERVICE", "records")),
        ("tricks", TRICKS_TEMPLATE, TRICKS),
    ):
        (folder / name).mkdir(parents=True)
        (folder / name / "template.yaml").write_text(template, encoding="utf-8")
        (folder / name / "app.py").write_text(code, encoding="utf-8")
    return folder
