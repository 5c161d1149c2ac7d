"""SQL fragments of the converter: values of any source type as our types, null where they are not."""

from typing import Final

from shared_models.quoting import literal

UNIT_SCALE: Final = 12
"""Decimals of an amount in the ledger; each amount is rounded to them once, half away from zero."""

MONEY: Final = "DECIMAL(30,12)"
TAIL: Final = "DECIMAL(38,30)"
_PAIRS: Final = ('STRUCT("key" VARCHAR, "value" VARCHAR)[]', "STRUCT(key VARCHAR, value VARCHAR)[]")
_NUMBER: Final = r'("\w+"\s*:\s*)(-?[0-9][0-9.eE+-]*)'
LONG_NUMBER: Final = r'"\w+"\s*:\s*-?[0-9.]{17}'
"""A number of a key, as JSON writes it, and one with more digits than a double holds."""

_EXACT: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


def as_text(expression: str, kind: str) -> str:
    """The value as trimmed text; empty, NULL and null words are null."""
    text = expression if kind == "VARCHAR" else f"CAST({expression} AS VARCHAR)"
    return f"CASE WHEN trim({text}) IN ('', 'NULL', 'null') THEN NULL ELSE trim({text}) END"


def as_money(expression: str, kind: str) -> str:
    """The value rounded to 12 decimals; null where it is no finite number that fits. A float counts as written."""
    if _is_exact(kind):
        return f"TRY_CAST({expression} AS {MONEY})"
    written = f"TRY_CAST({as_text(expression, kind)} AS {MONEY})"
    if kind != "DOUBLE":
        return written
    return f"CASE WHEN {_is_short(expression)} THEN TRY_CAST({expression} AS {MONEY}) ELSE {written} END"


def as_tail(expression: str, kind: str) -> str:
    """What the rounding left over, exactly: value - rounded value. Amounts from 10 million up carry 18 decimals."""
    if kind in _EXACT or (_is_exact(kind) and int(kind.rstrip(")").split(",")[1]) <= UNIT_SCALE):
        return f"CASE WHEN {expression} IS NOT NULL THEN CAST(0 AS {TAIL}) END"
    value = expression if _is_exact(kind) else as_text(expression, kind)
    rounded = f"TRY_CAST({value} AS {MONEY})"
    fine = f"TRY_CAST({value} AS {TAIL}) - CAST({rounded} AS {TAIL})"
    coarse = f"CAST(TRY_CAST({value} AS DECIMAL(38,18)) - CAST({rounded} AS DECIMAL(38,18)) AS {TAIL})"
    tail = f"CASE WHEN abs({rounded}) < 10000000 THEN {fine} ELSE {coarse} END"
    return f"CASE WHEN {_is_short(expression)} THEN CAST(0 AS {TAIL}) ELSE {tail} END" if kind == "DOUBLE" else tail


def _is_exact(kind: str) -> bool:
    return kind.startswith("DECIMAL") or kind in _EXACT


def _is_short(expression: str) -> str:
    """SQL: a DOUBLE that, as it is written, has at most 12 decimals, so that a plain cast gives exactly that number.

    Below 4096 two such numbers never share a double, and dividing 12 decimals' integer by 10^12 rounds correctly: so
    the number is the one meant if and only if it leads back to the same double. Eight times as fast as through text.
    """
    return f"(abs({expression}) < 4096 AND CAST(TRY_CAST({expression} AS {MONEY}) AS DOUBLE) = {expression})"


def as_time(expression: str, kind: str) -> str:
    """The instant in UTC without zone; a text without zone is UTC. 09/01/2026 is no time: two days are meant by it."""
    if kind.startswith("TIMESTAMP WITH"):
        return f"({expression} AT TIME ZONE 'UTC')"
    if kind.startswith(("TIMESTAMP", "DATE")):
        return f"CAST({expression} AS TIMESTAMP)"
    return f"(TRY_CAST({as_text(expression, kind)} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')"


def as_period(instant: str) -> str:
    """A billing period's border: a month's midnight in any zone of the earth is that month's; midnights stay.

    FOCUS times are UTC, but exports write a month's border as local midnight (+01:00, or 07:00Z for Los Angeles): as it
    stands it would open a second partition of the month. What is neither a midnight nor such a border is null.
    """
    month = f"date_trunc('month', {instant} + INTERVAL 14 HOUR)"
    return (
        f"CASE WHEN {instant} = CAST(CAST({instant} AS DATE) AS TIMESTAMP) THEN {instant}"
        f" WHEN {instant} <= {month} + INTERVAL 12 HOUR THEN {month} END"
    )


def as_identity(expression: str, kind: str) -> str:
    """Text, with Azure's ids as it writes them itself in FOCUS: they do not heed case, so each has one spelling here.

    `/providers/Microsoft.Billing/billingAccounts/<lower case>[/billingProfiles/<UPPER CASE>]`; other paths of its
    resources all in lower case. Ids of anything else are kept as they are.
    """
    text, profiles = as_text(expression, kind), "/billingProfiles/"
    accounts = "/providers/Microsoft.Billing/billingAccounts/"
    lowered = f"lower({text})"
    own, profile = (f"split_part({lowered}, {literal(profiles.lower())}, {n})" for n in (1, 2))
    account = f"{literal(accounts)} || substr({own}, {len(accounts) + 1})"
    return (
        f"CASE WHEN NOT starts_with(CAST({expression} AS VARCHAR), '/') THEN {text}"
        f" WHEN starts_with({lowered}, {literal(accounts.lower())})"
        f" AND contains({lowered}, {literal(profiles.lower())})"
        f" THEN {account} || {literal(profiles)} || upper({profile})"
        f" WHEN starts_with({lowered}, {literal(accounts.lower())}) THEN {account}"
        f" WHEN regexp_matches({text}, '^/(subscriptions|providers)/', 'i') THEN lower({text}) ELSE {text} END"
    )


def as_map(expression: str, kind: str) -> str:
    """Tags as MAP(VARCHAR, VARCHAR) from a map, a struct, a list of pairs, or JSON text with or without braces."""
    if kind == "MAP(VARCHAR, VARCHAR)":
        return expression
    if kind.startswith("MAP("):
        return f"TRY_CAST({expression} AS MAP(VARCHAR, VARCHAR))"
    if kind.startswith("STRUCT(") and not kind.endswith("[]"):
        return _json_object(f"CAST(to_json({expression}) AS VARCHAR)")
    if kind in _PAIRS:
        pairs = _json_pairs(f"CAST(to_json({expression}) AS VARCHAR)")  # for what a map refuses: null or doubled keys
        read = f"COALESCE(TRY(map_from_entries({expression})), {pairs})"
        return f"CASE WHEN {expression} IS NOT NULL THEN {read} END"
    if kind.endswith("[]"):
        return _json_pairs(f"CAST(to_json({expression}) AS VARCHAR)")
    text = as_text(expression, kind)
    braced = f"CASE WHEN {text} LIKE '{{%' OR {text} LIKE '[%' THEN {text} ELSE '{{' || {text} || '}}' END"
    return f"CASE WHEN {text} LIKE '[%' THEN {_json_pairs(text)} ELSE {_json_object(braced)} END"


def _json_object(text: str) -> str:
    return f"TRY(CAST(TRY_CAST({text} AS JSON) AS MAP(VARCHAR, VARCHAR)))"


def _json_pairs(text: str) -> str:
    """A list of {key, value} or {name, value}; the last of two equal keys wins, as in JSON."""
    shape = literal('[{"key":"VARCHAR","name":"VARCHAR","value":"VARCHAR"}]')
    pairs = f"json_transform(TRY_CAST({text} AS JSON), {shape})"
    named = f'list_transform({pairs}, lambda p: struct_pack(k := COALESCE(p."key", p."name"), v := p."value"))'
    keyed = f"list_filter({named}, lambda p: p.k IS NOT NULL)"
    later = f"list_transform({keyed}[i + 1:], lambda q: q.k)"
    last = f"list_filter({keyed}, lambda p, i: NOT list_contains({later}, p.k))"
    return f"TRY(map_from_entries({last}))"


def numbers_as_text(json: str) -> str:
    """JSON text with the numbers of keys as texts: the JSON reader keeps 17 digits of a number, and all of a text."""
    return f"regexp_replace({json}, '{_NUMBER}', '\\1\"\\2\"', 'g')"


def as_json(expression: str, kind: str) -> str:
    """JSON text; a nested value is serialised."""
    if kind == "VARCHAR":
        return as_text(expression, kind)
    return f"CASE WHEN {expression} IS NULL THEN NULL ELSE CAST(to_json({expression}) AS VARCHAR) END"
