"""The environment that the functions find, as Lambda would set it before it loads them."""

from collections.abc import Mapping

from local.options import HOST, Options

_REGION = "us-east-1"


def function_environment(
    options: Options, port: int, engine: Mapping[str, str], inherited: Mapping[str, str]
) -> dict[str, str]:
    """The variables to set; ``engine`` are the ones with which the functions find their storage.

    Where this server has no say of its own, what the person at the terminal set stays.
    """
    chosen = {
        "PYAIRTABLE_STAGE": "local",
        "PYAIRTABLE_ENGINE": options.engine,
        "PYAIRTABLE_DATA_DIR": str(options.data_folder),
        **engine,
    }
    defaults = {
        "PYAIRTABLE_REQUIRE_VERIFICATION": "false",
        "PYAIRTABLE_PUBLIC_URL": f"http://{HOST}:{port}",
        "AWS_REGION": _REGION,
        "AWS_DEFAULT_REGION": inherited.get("AWS_REGION") or _REGION,
        "LOG_LEVEL": "WARNING",
        # Whoever is alone on their machine may go as fast as it can: 800 requests a second and more.
        "PYAIRTABLE_RATE_LIMITS": "off",
        "POWERTOOLS_METRICS_DISABLED": "true",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }
    if "AWS_ENDPOINT_URL" in engine:
        # Local engines take any credentials, but the SDK refuses to sign without some.
        defaults |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    return chosen | {name: value for name, value in defaults.items() if not inherited.get(name)}
