"""Where a local AWS engine listens when nobody said."""

from collections.abc import Mapping


def local_endpoint(environment: Mapping[str, str], service: str = "dynamodb") -> str:
    """``AWS_ENDPOINT_URL``, else the usual place of LocalStack, as localstack-client knows it."""
    given = environment.get("AWS_ENDPOINT_URL")
    if given:
        return given
    from localstack_client.config import get_service_endpoint

    host = environment.get("LOCALSTACK_HOST") or "127.0.0.1"
    return str(get_service_endpoint(service, localstack_host=host))
