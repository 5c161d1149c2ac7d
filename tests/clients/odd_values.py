"""Values that callers really send where they should not: words of the domain a little wrong, and outright nonsense."""

from typing import Any, Final

from hypothesis import strategies as st

GOOD: Final = {
    "period": ("2026-10", "2026-09", "2026-Q3", "2026", "FY27", "FY27-P09", "2026-09-01/2026-11-01", "2026-10-31"),
    "compare_to": ("2026-09", "2026-08", "2026-09-01/2026-09-15", "FY27-P08", "2025"),
    "start": ("2026-09-01", "2026-10-01", "2026-10-15", "2026-10-01T05:30:00Z"),
    "end": ("2026-11-01", "2027-01-01", "2026-10-20T12:00:00+02:00"),
    "as_of": ("2027-01-01T00:00:00Z", "9999-12-31"),
    "group_by": (
        "x_Provider", "provider", "ServiceName", "ServiceCategory", "BillingCurrency", "SubAccountName", "ResourceId",
        "ChargePeriodStart", "tags.team", "team", "RegionId", "CommitmentDiscountId", "tags.ö",
    ),
    "dimension": ("ServiceName", "team", "tags.team", "RegionId", "SubAccountName", "ChargePeriodStart"),
    "column": ("x_Provider", "ServiceCategory", "BillingCurrency", "team", "tags.team", "SubAccountName", "ChargePeriodStart"),
    "values": ("aws", "azure", "gcp", "Compute", "USD", "EUR"),
    "providers": ("aws", "azure", "gcp"),
    "currency": ("USD", "EUR"),
    "spend": ("total", "without_tax", "without_credits", "without_marketplace"),
    "rates": ("monthly",),
    "status": ("Active", "Expired"),
    "sql": (
        "SELECT count(*) FROM cost_and_usage", "SELECT BillingCurrency, sum(BilledCost) FROM cost_and_usage GROUP BY 1",
        "SELECT * FROM cost_and_usage", "SELECT NULL, DATE '2026-10-01', 0.1::DOUBLE, 'ö' FROM cost_and_usage",
        "SELECT Tags['team'], max(ChargePeriodStart) FROM cost_and_usage GROUP BY 1 ORDER BY 2 DESC NULLS LAST",
    ),
}  # fmt: skip
"""What a good caller gives, by the argument's name."""

WORDS: Final = (
    "AWS", "oracle", "usd", "Compute%", "", " ", "\x00", "a\x00b", "\ud800", "\u202eevil", "\U0001f4b8", "' OR 1=1 --",
    "x" * 10_000, "y" * 10_001, "../../etc/passwd", "ö" * 50, "null", "NaN", "1e309", "-0", "\n", "%s{}",
)  # fmt: skip
_DATES: Final = (
    "2026-02-30", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "10000-01-01",
    "-2026-10-01", "yesterday", "1790812800", "2026-10-01\x00", "\uff12\uff10\uff12\uff16-10-01", "2026-10", "2026-10-01T25:00", "20261001",
    "2026-10-01T00:00:00.123456789Z", "9999-12-31T23:59:59.999999",
)  # fmt: skip
_PERIODS: Final = (
    "2026-13", "2026-00", "2026-10-32", "2026-11-01/2026-10-01", "2026-10-01/2026-10-01", "0000", "0001", "9999", "0000-Q1",
    "9999-12", "9999-Q4", "9999-12-31", "0001-01-01/9999-12-31", "FY99", "FY0001", "FY0000", "FY9999", "FY00", "FY27-P00",
    "FY27-P13", "last month", "October", "10/2026", "2026-10/", "/", "//", "2026-10-01T00:00:00+25:00", "1999-12",
    "2026-10-01T23:00:00-05:00/2026-10-02T00:00:00+14:00", "2026-W40", "2026-280", " 2026-10 ", "2026-10\n", *_DATES,
)  # fmt: skip
_COLUMNS: Final = (
    "tags.", "Tags.team", "BilledCost", "Tags", "servicename", "Servce", "x_SourceRow", 'tags."; DROP TABLE x', "tags.'",
    "tags.\x00", "tags.\ud800", "tags." + "k" * 300,
)  # fmt: skip
ODD: Final = {
    "period": _PERIODS, "compare_to": _PERIODS, "start": _DATES, "end": _DATES, "as_of": _DATES, "group_by": _COLUMNS,
    "dimension": _COLUMNS, "column": _COLUMNS,
    "sql": (
        "SELECT", "SELECT * FROM nothing", "SELECT 1/0", "SELECT 'a\x00b'", "SELECT '\ud800'", ";", "--", "/*",
        "SELECT ServiceNme FROM cost_and_usage", "SELECT CAST('x' AS INT) FROM cost_and_usage", "((((((((", "SELECT 1; SELECT 2",
        "SELECT DATE '10000-01-01' FROM cost_and_usage", "DROP TABLE cost_and_usage", "SELECT " + "(" * 500,
        "SELECT [1, 2], {'a': 1}, INTERVAL 1 DAY, TIME '10:00', 1e308 * 10, 'x'::BLOB FROM cost_and_usage",
        "SELECT 'infinity'::TIMESTAMP, '0044-03-15 (BC)'::DATE FROM cost_and_usage", "SELECT Tags FROM cost_and_usage",
    ),
}  # fmt: skip
"""What a confused caller gives, by the argument's name, besides WORDS."""

ANYTHING: Final[st.SearchStrategy[Any]] = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 1, 2**31, 2**63, 2**64, 10**30, -(2**63) - 1]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(WORDS),
    st.lists(st.one_of(st.none(), st.integers(), st.sampled_from(WORDS)), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
    st.sampled_from(["[]", '["aws"]', '["aws"', "{}", "[null]", '[{"column": "x_Provider", "values": ["aws"]}]']),
)


def arguments(schema: dict[str, Any], cursors: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments for a tool: three quarters of the calls good throughout, in the others one argument in three is odd."""

    @st.composite
    def draw_all(draw: st.DrawFn) -> dict[str, Any]:
        oddness = draw(st.sampled_from([0, 0, 0, 33]))
        found: dict[str, Any] = {}
        for name, wanted in schema.get("properties", {}).items():
            likely = name in schema.get("required", ()) or name in {"period", "start", "end"}
            if draw(st.integers(0, 99)) < (90 if likely else 5 if name == "cursor" else 25):
                odd = draw(st.integers(0, 99)) < oddness
                found[name] = draw(odd_value(wanted, name, cursors) if odd else good_value(wanted, name))
        if not oddness:
            return _settled(found, keep_period=draw(st.booleans()))
        if draw(st.integers(0, 9)) == 0:
            found[
                draw(st.sampled_from(["perod", "groupby", "Limit", "", "\x00", "\ud800", "__class__", "deps", "ctx"]))
            ] = 1
        return found

    return draw_all()


def _settled(given: dict[str, Any], *, keep_period: bool) -> dict[str, Any]:
    """Without arguments that exclude each other: a period is given in one way, a conversion wholly or not at all."""
    excluded = {"start", "end"} if keep_period or "start" not in given else {"period"}
    if not {"period", "start"} <= set(given):
        excluded = set()
    if not {"currency", "rates"} <= set(given):
        excluded |= {"currency", "rates"}
    for item in given.get("filters", ()):
        count = {"is_null": 0, "is_not_null": 0, "in": 3, "not_in": 3}.get(item.get("operator", "equals"), 1)
        item["values"] = (item.get("values") or ["aws"])[:count]
    return {name: value for name, value in given.items() if name not in excluded}


def good_value(schema: dict[str, Any], name: str) -> st.SearchStrategy[Any]:
    """A value that this schema allows; arguments without words of their own get those of filter values."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "integer":
        return st.integers(schema.get("minimum", 0), schema.get("maximum", 1_000))
    if schema["type"] == "boolean":
        return st.booleans()
    if schema["type"] == "array":
        return st.lists(good_value(schema["items"], name), max_size=3)
    if schema["type"] == "object":
        fields = {key: good_value(each, key) for key, each in schema["properties"].items()}
        return st.fixed_dictionaries({key: fields.pop(key) for key in schema.get("required", ())}, optional=fields)
    return st.sampled_from(GOOD.get(name, GOOD["values"]))


def odd_value(schema: dict[str, Any], name: str, cursors: list[str]) -> st.SearchStrategy[Any]:
    """A value at or beyond the border of what this schema allows, or of another kind altogether."""
    words = st.sampled_from([*ODD.get(name, ()), *WORDS])
    if name == "cursor":
        words = st.sampled_from([*cursors, "", "AAAA", "!!!", "eyJ9", "\x00", "é", "A" * 9_999])
    if "enum" in schema:
        words = st.sampled_from([str(schema["enum"][0]).upper(), "", "other"])
    kinds = [words, ANYTHING]
    if schema["type"] == "integer":
        low, high = schema.get("minimum", 0), schema.get("maximum", 1_000)
        kinds = [st.sampled_from([low, high, low - 1, high + 1, str(low), float(high), True]), ANYTHING]
    if schema["type"] == "array":
        kinds = [st.lists(odd_value(schema["items"], name, cursors), min_size=1, max_size=3), ANYTHING]
    if schema["type"] == "object":
        fields = {
            key: st.one_of(good_value(each, key), odd_value(each, key, cursors))
            for key, each in schema["properties"].items()
        }
        kinds = [st.fixed_dictionaries({}, optional=fields), ANYTHING]
    return st.one_of(*kinds)
