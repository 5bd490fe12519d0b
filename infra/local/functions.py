"""The Lambda functions, loaded from their source as Lambda loads them, and their context object."""

import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import ModuleType
from typing import TypeAlias

from local.events import ACCOUNT_ID, Event
from local.templates import FunctionSource, TemplateError

Handler: TypeAlias = Callable[[Event, "Context"], object]

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a function about its invocation."""

    function_name: str
    aws_request_id: str
    memory_limit_in_mb: int
    deadline: float
    function_version: str = "$LATEST"
    log_stream_name: str = "local"
    client_context: None = None
    identity: None = None

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's timeout, never negative."""
        return max(0, int((self.deadline - monotonic()) * 1000))


def load_handlers(sources: Iterable[FunctionSource]) -> Mapping[FunctionSource, Handler]:
    """The handler of each function; a module shared by several is loaded once.

    Each service's folder joins ``sys.path``, as Lambda's task root does, and its ``app.py``
    gets a module name of its own. The environment must be complete before.
    """
    modules: dict[Path, ModuleType] = {}
    handlers: dict[FunctionSource, Handler] = {}
    for source in dict.fromkeys(sources):
        module_name, _, attribute = source.handler.partition(".")
        path = source.folder / f"{module_name}.py"
        if path not in modules:
            modules[path] = _load_module(path)
        handlers[source] = _handler_of(modules[path], attribute, path)
    return handlers


def context_for(source: FunctionSource, request_id: str) -> Context:
    """The context of an invocation that begins now."""
    return Context(source.name, request_id, source.memory_mb, monotonic() + source.timeout_seconds)


def _load_module(path: Path) -> ModuleType:
    if not path.is_file():
        raise TemplateError(f"A template names {path} as a function's code, but it is not there.")
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    name = f"local_function_{path.parent.name}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise TemplateError(f"{path} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _handler_of(module: ModuleType, attribute: str, path: Path) -> Handler:
    handler: Handler | None = getattr(module, attribute, None)
    if handler is None:
        raise TemplateError(f"{path} has no function {attribute}.")
    return handler
