"""Athena's functions, and their implementations in DuckDB."""

from __future__ import annotations

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
ngrams none_match normal_cdf normalize now nth_value
position json_exists json_object json_array ntile nullif numeric_histogram parse_data_size parse_datetime
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
CREATE MACRO map_agg(name, entry) AS map_from_entries(list_filter(
    list(struct_pack(k := name, v := entry)) FILTER (name IS NOT NULL),
    lambda pair, place: list_position(list(name) FILTER (name IS NOT NULL), pair.k) = place));
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
"""
"""Macros for aggregates that DuckDB lacks or that differ from Trino's."""
