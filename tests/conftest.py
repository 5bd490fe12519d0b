"""Settings and plugins of the whole suite."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["aws_servers"]

# A busy machine is no reason to fail; what is tried is the same in every run.
settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("nightly", settings.get_profile("suite"), derandomize=False, max_examples=2000)
settings.load_profile("suite")
