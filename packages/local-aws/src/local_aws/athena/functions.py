"""Athena's functions, and their implementations in DuckDB."""

from __future__ import annotations

from decimal import Decimal

_TRINO = """
abs acos all_match any_match any_value approx_distinct approx_most_frequent approx_percentile approx_set arbitrary
array_agg array_distinct array_except array_first array_histogram array_intersect array_join array_last array_max
array_min array_position array_remove array_sort array_union arrays_overlap asin at_timezone atan atan2 avg beta_cdf
bit_count bitwise_and bitwise_and_agg bitwise_left_shift bitwise_not bitwise_or bitwise_or_agg bitwise_right_shift
bitwise_right_shift_arithmetic bitwise_xor bitwise_xor_agg bool_and bool_or cardinality cast cbrt ceil ceiling
char2hexint checksum chr coalesce codepoint combinations concat concat_ws contains contains_sequence corr cos cosh
cosine_distance cosine_similarity count count_if covar_pop covar_samp crc32 cume_dist current_date current_time
current_timestamp current_timezone current_user date date_add date_diff date_format date_parse date_trunc day
day_of_month day_of_week day_of_year degrees dense_rank dot_product dow doy e element_at empty_approx_set every exp
extract filter first_value flatten floor format format_datetime format_number from_base from_base32 from_base64
from_base64url from_big_endian_32 from_big_endian_64 from_hex from_ieee754_32 from_ieee754_64 from_iso8601_date
from_iso8601_timestamp from_iso8601_timestamp_nanos from_unixtime from_unixtime_nanos from_utf8 geometric_mean
greatest grouping hamming_distance histogram hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 hour human_readable_seconds if
index infinity inverse_beta_cdf inverse_normal_cdf is_finite is_infinite is_json_scalar is_nan json_array
json_array_contains json_array_get json_array_length json_exists json_extract json_extract_scalar json_format
json_object json_parse json_query json_size json_value kurtosis lag last_day_of_month last_value lead least length
levenshtein_distance listagg ln localtime localtimestamp log log10 log2 lower lpad ltrim luhn_check make_set_digest
map map_agg map_concat map_entries map_filter map_from_entries map_keys map_union map_values map_zip_with max max_by
md5 merge merge_set_digest millisecond min min_by minute mod month multimap_agg multimap_from_entries murmur3 nan
ngrams none_match normal_cdf normalize now nth_value ntile nullif numeric_histogram parse_data_size parse_datetime
parse_duration percent_rank pi pow power qdigest_agg quarter radians rand random rank reduce reduce_agg regexp_count
regexp_extract regexp_extract_all regexp_like regexp_position regexp_replace regexp_split regr_avgx regr_avgy
regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat replace reverse round row row_number
rpad rtrim second sequence sha1 sha256 sha512 shuffle sign sin sinh skewness slice soundex split split_part
split_to_map split_to_multimap spooky_hash_v2_32 spooky_hash_v2_64 sqrt starts_with stddev stddev_pop stddev_samp
strpos substr substring sum tan tanh tdigest_agg timezone timezone_hour timezone_minute to_base to_base32 to_base64
to_base64url to_big_endian_32 to_big_endian_64 to_hex to_ieee754_32 to_ieee754_64 to_iso8601 to_milliseconds
to_unixtime to_utf8 transform transform_keys transform_values translate trim trim_array truncate try try_cast typeof
upper url_decode url_encode url_extract_fragment url_extract_host url_extract_parameter url_extract_path
url_extract_port url_extract_protocol url_extract_query uuid value_at_quantile values_at_quantiles var_pop var_samp
variance week week_of_year width_bucket with_timezone word_stem xxhash64 year year_of_week yow zip zip_with
"""
TRINO_FUNCTIONS = frozenset(_TRINO.split())
"""Names of the functions of Athena engine version 3 (Trino's reference), without the geospatial ones."""

_SYNTAX = """
all and any array as between by case char cross cube date decimal distinct else end escape except exists fetch filter
from group grouping having if in inner intersect interval join lateral like limit map matched natural not null offset
on or order outer over partition real recursive rollup row rows select set sets some then time timestamp union unnest
using values varbinary varchar when where window with within
"""
SYNTAX_WORDS = frozenset(_SYNTAX.split())
"""Keywords that may precede a parenthesis and are not functions."""

MACROS = """
CREATE MACRO athena_double_division(a, b) AS CASE
    WHEN b <> 0 OR a IS NULL OR b IS NULL THEN a / b
    WHEN a = 0 OR isnan(a) THEN CAST('NaN' AS DOUBLE)
    WHEN (a > 0) = (NOT signbit(b)) THEN CAST('Infinity' AS DOUBLE)
    ELSE CAST('-Infinity' AS DOUBLE) END;
CREATE MACRO athena_whole_text(x, wanted) AS CASE
    WHEN x IS NULL OR regexp_full_match(trim(x), '[+-]?[0-9]+') THEN x
    ELSE error('INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to ' || wanted) END;
CREATE MACRO athena_whole_text_or_null(x) AS CASE WHEN regexp_full_match(trim(x), '[+-]?[0-9]+') THEN x END;
CREATE MACRO athena_double_text(x) AS CASE
    WHEN x = 0 OR (abs(x) >= 1e-3 AND abs(x) < 1e7) THEN CAST(x AS VARCHAR)
    ELSE athena_java_double(x) END;
CREATE MACRO athena_timestamp_text(x) AS strftime(x, '%Y-%m-%d %H:%M:%S.%g');
CREATE MACRO athena_milliseconds(x) AS CASE
    WHEN epoch_us(x) % 1000 = 0 THEN x ELSE make_timestamp((epoch_us(x) + 500) // 1000 * 1000) END;
CREATE MACRO athena_milliseconds_utc(x) AS make_timestamp((epoch_us(x) + 500) // 1000 * 1000);
CREATE MACRO width_bucket(x, low, high, n) AS CASE
    WHEN x IS NULL OR low IS NULL OR high IS NULL OR n IS NULL THEN NULL
    WHEN low < high AND x < low THEN 0
    WHEN low < high AND x >= high THEN CAST(n AS BIGINT) + 1
    WHEN low > high AND x > low THEN 0
    WHEN low > high AND x <= high THEN CAST(n AS BIGINT) + 1
    ELSE CAST(floor((CAST(x AS DOUBLE) - low) * n / (CAST(high AS DOUBLE) - low)) AS BIGINT) + 1 END;
CREATE MACRO map_agg(name, entry) AS map_from_entries(list_filter(
    list(struct_pack(k := name, v := entry)) FILTER (name IS NOT NULL),
    lambda pair, place: list_position(list(name) FILTER (name IS NOT NULL), pair.k) = place));
CREATE MACRO athena_split_part(x, delimiter, place) AS CASE
    WHEN place <= len(string_split(x, delimiter)) THEN split_part(x, delimiter, place) END;
CREATE MACRO athena_interval_text(x) AS printf('%s%d %02d:%02d:%02d.%03d', CASE WHEN epoch(x) < 0 THEN '-' ELSE '' END,
    CAST(abs(epoch_us(x)) // 86400000000 AS BIGINT), abs(epoch_us(x)) // 3600000000 % 24,
    abs(epoch_us(x)) // 60000000 % 60, abs(epoch_us(x)) // 1000000 % 60, abs(epoch_us(x)) // 1000 % 1000);
CREATE MACRO athena_repeated(n) AS CASE
    WHEN n > 10000 THEN
        error('INVALID_FUNCTION_ARGUMENT: count argument of repeat function must be less than or equal to 10000')
    WHEN n < 0 THEN
        error('INVALID_FUNCTION_ARGUMENT: count argument of repeat function must be greater than or equal to 0')
    ELSE n END;
CREATE MACRO athena_repeat(x, n) AS list_transform(
    range(CAST(athena_repeated(n) AS BIGINT)), lambda place: x);
CREATE MACRO athena_sequence_end(stop, entries) AS CASE WHEN entries > 10000
    THEN error('INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries')
    ELSE stop END;
CREATE MACRO athena_unscaled(total) AS CAST(replace(CAST(total AS VARCHAR), '.', '') AS HUGEINT);
CREATE MACRO athena_rounded_average(total, n) AS CASE WHEN n > 0 THEN CAST(sign(athena_unscaled(total)) AS HUGEINT)
    * (abs(athena_unscaled(total)) // n + CASE WHEN 2 * (abs(athena_unscaled(total)) % n) >= n THEN 1 ELSE 0 END) END;
CREATE MACRO athena_filled(digits, scale) AS
    lpad(digits, CAST(greatest(length(digits), scale + 1) AS INTEGER), '0');
CREATE MACRO athena_with_point(digits, scale) AS
    left(athena_filled(digits, scale), -scale) || '.' || right(athena_filled(digits, scale), scale);
CREATE MACRO athena_decimal_text(digits, scale) AS CASE WHEN digits < 0 THEN '-' ELSE '' END
    || athena_with_point(CAST(abs(digits) AS VARCHAR), scale);
CREATE MACRO athena_population_skewness(corrected, n) AS
    corrected * CAST(n - 2 AS DOUBLE) / sqrt(CAST(n AS DOUBLE) * CAST(n - 1 AS DOUBLE));
CREATE MACRO athena_at_percentile(sorted, p) AS CASE
    WHEN len(sorted) > 0 AND NOT isfinite(CAST(sorted[len(sorted)] AS DOUBLE))
        THEN error('INVALID_FUNCTION_ARGUMENT: value must be finite; was NaN')
    ELSE sorted[CAST(least(floor(p * len(sorted)), len(sorted) - 1) AS BIGINT) + 1] END;
CREATE MACRO athena_percentile(items, p) AS
    athena_at_percentile(list_sort(list_filter(items, lambda item: item IS NOT NULL)), p);
CREATE MACRO athena_padded_length(n) AS CASE WHEN n > 1000000
    THEN error('NOT_SUPPORTED: The local Athena pads a text to at most 1000000 characters') ELSE n END;
CREATE MACRO every(x) AS bool_and(x);
CREATE MACRO codepoint(x) AS unicode(x);
CREATE MACRO arrays_overlap(a, b) AS list_has_any(a, b);
CREATE MACRO array_union(a, b) AS list_distinct(list_concat(a, b));
CREATE MACRO is_nan(x) AS isnan(x);
CREATE MACRO is_finite(x) AS isfinite(x);
CREATE MACRO is_infinite(x) AS isinf(x);
CREATE MACRO nan() AS CAST('NaN' AS DOUBLE);
CREATE MACRO infinity() AS CAST('Infinity' AS DOUBLE);
CREATE MACRO geometric_mean(x) AS exp(avg(ln(x)));
CREATE MACRO e() AS exp(1);
CREATE MACRO truncate(x) AS trunc(x);
CREATE MACRO last_day_of_month(x) AS last_day(x);
CREATE MACRO from_iso8601_date(x) AS CAST(x AS DATE);
CREATE MACRO to_iso8601(x) AS strftime(x, '%Y-%m-%dT%H:%M:%S.%g');
"""
"""Macros for functions that DuckDB lacks or that differ from Trino's."""


def java_double(number: float) -> str:
    """A double as Java and Athena print it: `1.0E-4`, `2.0`, `1.2345678E7`, `NaN`, `-Infinity`."""
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return repr(number)
    # repr has the shortest digits that read back the same, as Java has.
    shortest = Decimal(repr(number))
    digits = "".join(map(str, shortest.normalize().as_tuple().digits))
    return f"{'-' if number < 0 else ''}{digits[0]}.{digits[1:] or '0'}E{shortest.adjusted()}"
