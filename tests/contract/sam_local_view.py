"""Runs on the Python of .venv-sam: prints the routes and layers that SAM CLI finds in a root template."""

import json
import sys

from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider

stacks, _ = SamLocalStackProvider.get_stacks(sys.argv[1])
routes = [
    (method, route.path, route.function_name)
    for route in ApiProvider(stacks).api.routes
    for method in route.methods
]
layers = {
    function.full_path: layer.codeuri
    for function in SamFunctionProvider(stacks).get_all()
    for layer in function.layers
}
json.dump({"routes": routes, "layers": layers}, sys.stdout)
