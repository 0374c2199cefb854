"""Settings of the property-based tests on this floor."""

from hypothesis import HealthCheck, settings

# No deadline: a busy machine is no fault of a rule. The same examples in every run: what fails,
# fails for everybody and at once. To look further, give --hypothesis-profile=search.
settings.register_profile(
    "rules",
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "search", settings.get_profile("rules"), max_examples=2_000, derandomize=False
)
settings.load_profile("rules")
