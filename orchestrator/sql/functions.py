"""The functions that agents' SQL may call: pure, and no dearer than the rows they are called on.

Left out on purpose: whatever makes much of little (repeat, lpad, range, format, list constructors that fill), whatever
is worse than linear in its input (levenshtein), whatever tells about the process or the machine (current_setting,
getvariable, version, scans of files and catalogues), and chance. Names are DuckDB's.
"""

from typing import Final

_AGGREGATES: Final = """
    any_value approx_count_distinct approx_quantile arg_max arg_min array_agg avg bool_and bool_or corr count count_if
    covar_pop covar_samp geomean geometric_mean group_concat grouping grouping_id kurtosis list listagg mad max
    max_by mean median min min_by mode quantile quantile_cont quantile_disc percentile_cont percentile_disc
    regr_intercept regr_r2 regr_slope skewness stddev stddev_pop stddev_samp string_agg sum var_pop var_samp variance
"""
_WINDOWS: Final = """
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
"""
_NUMBERS: Final = """
    abs cbrt ceil ceiling exp floor isfinite isinf isnan ln log log10 log2 mod pow power round sign sqrt trunc
"""
_CHOICES: Final = """
    case cast coalesce exists extract greatest if ifnull least nullif try_cast typeof
"""
_TEXTS: Final = """
    char_length concat concat_ws contains ends_with instr lcase left length len lower ltrim position prefix
    regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace replace reverse right rtrim split
    split_part starts_with str_split string_split strlen strpos substr substring suffix translate trim ucase upper
"""
_TIMES: Final = """
    age current_date current_timestamp date date_add date_diff date_part date_sub date_trunc datediff datepart datesub
    datetrunc day dayname dayofmonth dayofweek dayofyear epoch epoch_ms hour isodow isoyear last_day make_date
    make_timestamp minute month monthname now quarter second strftime strptime time_bucket timezone to_days to_hours
    to_minutes to_months to_timestamp to_weeks to_years today try_strptime week weekday weekofyear year yearweek
"""
_NESTED: Final = """
    array_contains array_length array_to_string cardinality element_at json_array_length json_exists json_extract
    json_extract_string json_keys json_type json_valid json_value list_contains list_distinct list_extract list_has
    list_has_all list_has_any list_position list_sort map_contains map_entries map_extract map_keys map_values unnest
"""

FUNCTIONS: Final = frozenset(f"{_AGGREGATES} {_WINDOWS} {_NUMBERS} {_CHOICES} {_TEXTS} {_TIMES} {_NESTED}".split())

UNNESTABLE: Final = frozenset({"map_keys", "map_values", "map_entries"})
"""What may be unnested: never longer than what a line item holds."""
