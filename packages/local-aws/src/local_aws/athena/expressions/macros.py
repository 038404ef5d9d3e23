"""Macros of DuckDB for what it does differently from Trino."""

# ruff: noqa: E501 - a macro is easier to read in one line

MACROS = """
CREATE MACRO athena_eq(a, b) AS CASE WHEN isnan(a) OR isnan(b) THEN CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN false END ELSE a = b END;
CREATE MACRO athena_ne(a, b) AS CASE WHEN isnan(a) OR isnan(b) THEN CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN true END ELSE a <> b END;
CREATE MACRO athena_lt(a, b) AS CASE WHEN isnan(a) OR isnan(b) THEN CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN false END ELSE a < b END;
CREATE MACRO athena_le(a, b) AS CASE WHEN isnan(a) OR isnan(b) THEN CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN false END ELSE a <= b END;
CREATE MACRO athena_gt(a, b) AS CASE WHEN isnan(a) OR isnan(b) THEN CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN false END ELSE a > b END;
CREATE MACRO athena_ge(a, b) AS CASE WHEN isnan(a) OR isnan(b) THEN CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN false END ELSE a >= b END;
CREATE MACRO athena_double_division(a, b) AS CASE
    WHEN b <> 0 OR a IS NULL OR b IS NULL THEN CAST(a AS DOUBLE) / b
    WHEN a = 0 OR isnan(a) THEN CAST('NaN' AS DOUBLE)
    WHEN (a > 0) = (NOT signbit(b)) THEN CAST('Infinity' AS DOUBLE)
    ELSE CAST('-Infinity' AS DOUBLE) END;
CREATE MACRO athena_double_text(x) AS CASE
    WHEN x = 0 OR (abs(x) >= 1e-3 AND abs(x) < 1e7) THEN CAST(x AS VARCHAR)
    ELSE athena_java_double(x) END;
CREATE MACRO athena_parsed_double(x, wanted) AS CASE
    WHEN regexp_full_match(x, '[ \\t\\n\\r]*[+-]?NaN[ \\t\\n\\r]*') THEN CAST('NaN' AS DOUBLE) ELSE athena_double_of(x, wanted) END;
CREATE MACRO athena_rounded(x, digits) AS CASE WHEN NOT isfinite(x) THEN x ELSE athena_round(x, digits) END;
CREATE MACRO athena_real(x) AS CASE WHEN abs(x) >= 3.4028235677973366e38 AND isfinite(x)
    THEN CAST(CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END AS FLOAT) ELSE CAST(x AS FLOAT) END;
CREATE MACRO athena_sign(x) AS CASE WHEN isnan(x) OR x = 0 THEN x ELSE sign(x) END;
CREATE MACRO athena_greatest(numbers) AS coalesce(list_max(list_filter(numbers, lambda v: NOT isnan(v))), 'NaN');
CREATE MACRO athena_least(numbers) AS coalesce(list_min(list_filter(numbers, lambda v: NOT isnan(v))), 'NaN');
CREATE MACRO athena_date_text(x) AS CASE WHEN x BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN CAST(x AS VARCHAR)
    WHEN x IS NOT NULL THEN athena_refused('dates outside of the years 1 to 9999') END;
CREATE MACRO athena_time_text(x, digits) AS CASE
    WHEN x BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'
    THEN strftime(x, '%Y-%m-%d %H:%M:%S') || CASE WHEN digits = 0 THEN '' ELSE '.' || substring(strftime(x, '%f'), 1, digits) END
    WHEN x IS NOT NULL THEN athena_refused('timestamps outside of the years 1 to 9999') END;
CREATE MACRO athena_floor_to(x, unit) AS x - ((x % unit) + unit) % unit;
CREATE MACRO athena_rounded_time(x, unit) AS make_timestamp(athena_floor_to(epoch_us(x) + unit // 2, unit));
CREATE MACRO athena_milliseconds(x) AS CASE
    WHEN epoch_us(x) % 1000 = 0 THEN CAST(x AS TIMESTAMP) ELSE make_timestamp((epoch_us(x) + 500) // 1000 * 1000) END;
CREATE MACRO athena_milliseconds_utc(x) AS make_timestamp((epoch_us(x) + 500) // 1000 * 1000);
CREATE MACRO athena_shifted_date(x, ms) AS CASE WHEN ms % 86400000 = 0 THEN x + CAST(ms // 86400000 AS INTEGER)
    WHEN x IS NOT NULL AND ms IS NOT NULL
    THEN CAST(athena_failed('INVALID_FUNCTION_ARGUMENT', 'Cannot add hour, minutes or seconds to a date') AS DATE) END;
CREATE MACRO athena_interval_text(x) AS printf('%s%d %02d:%02d:%02d.%03d', CASE WHEN x < 0 THEN '-' ELSE '' END,
    abs(x) // 86400000, abs(x) // 3600000 % 24, abs(x) // 60000 % 60, abs(x) // 1000 % 60, abs(x) % 1000);
CREATE MACRO athena_months_text(x) AS printf('%s%d-%d', CASE WHEN x < 0 THEN '-' ELSE '' END, abs(x) // 12, abs(x) % 12);
CREATE MACRO athena_substr(x, start, size) AS CASE WHEN x IS NULL OR start IS NULL OR size IS NULL THEN NULL
    WHEN size <= 0 OR start = 0 OR start > length(x) OR -start > length(x) THEN ''
    ELSE substring(x, CASE WHEN start > 0 THEN start ELSE length(x) + start + 1 END, least(size, 1000000000)) END;
CREATE MACRO athena_millisecond(x) AS ((epoch_ms(x) % 1000) + 1000) % 1000;
CREATE MACRO athena_contains(x, item) AS CASE WHEN list_contains(x, item) THEN true
    WHEN x IS NULL OR item IS NULL OR len(list_filter(x, lambda v: v IS NULL)) > 0 THEN NULL ELSE false END;
CREATE MACRO athena_position(x, item) AS CASE WHEN item IS NOT NULL THEN coalesce(list_position(x, item), CASE WHEN x IS NOT NULL THEN 0 END) END;
CREATE MACRO athena_without(x, item) AS CASE WHEN item IS NOT NULL THEN list_filter(x, lambda v: v IS NULL OR v <> item) END;
CREATE MACRO athena_set(x) AS list_filter(x, lambda v, place: list_position(x, v) = place);
CREATE MACRO athena_array_max(x) AS CASE WHEN len(list_filter(x, lambda v: v IS NULL)) = 0 THEN list_max(x) END;
CREATE MACRO athena_array_min(x) AS CASE WHEN len(list_filter(x, lambda v: v IS NULL)) = 0 THEN list_min(x) END;
CREATE MACRO athena_element(x, place) AS CASE WHEN place = 0 THEN x[athena_failed_number('INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1')]
    ELSE x[place] END;
CREATE MACRO athena_subscript(x, place) AS CASE
    WHEN place > len(x) THEN x[athena_failed_number('INVALID_FUNCTION_ARGUMENT', 'Array subscript must be less than or equal to array length')]
    WHEN place = 0 THEN x[athena_failed_number('INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1')]
    WHEN place < 0 THEN x[athena_failed_number('INVALID_FUNCTION_ARGUMENT', 'Array subscript is negative')]
    ELSE x[place] END;
CREATE MACRO athena_slice(x, start, size) AS CASE WHEN x IS NULL OR start IS NULL OR size IS NULL THEN NULL
    WHEN size < 0 THEN x[athena_failed_number('INVALID_FUNCTION_ARGUMENT', 'length must be greater than or equal to 0'):1]
    WHEN start = 0 THEN x[athena_failed_number('INVALID_FUNCTION_ARGUMENT', 'SQL array indices start at 1'):1]
    WHEN size = 0 OR abs(start) > len(x) THEN x[1:0]
    ELSE x[(CASE WHEN start > 0 THEN start ELSE len(x) + start + 1 END):(CASE WHEN start > 0 THEN start ELSE len(x) + start + 1 END) + size - 1] END;
CREATE MACRO athena_repeat(x, n) AS list_transform(range(athena_repeated(n)), lambda place: x);
CREATE MACRO athena_arrays_overlap(a, b) AS CASE WHEN list_has_any(list_filter(a, lambda v: v IS NOT NULL), list_filter(b, lambda v: v IS NOT NULL)) THEN true
    WHEN a IS NULL OR b IS NULL THEN NULL WHEN len(a) = 0 OR len(b) = 0 THEN false
    WHEN len(list_filter(a, lambda v: v IS NULL)) + len(list_filter(b, lambda v: v IS NULL)) > 0 THEN NULL ELSE false END;
CREATE MACRO athena_strpos(x, part) AS CASE WHEN part = '' AND x IS NOT NULL THEN 1 ELSE strpos(x, part) END;
CREATE MACRO athena_sqrt(x) AS sqrt(x);
CREATE MACRO athena_degrees(x) AS x * 57.29577951308232e0;
CREATE MACRO athena_radians(x) AS x * 0.017453292519943295e0;
CREATE MACRO athena_array_join(x, delimiter) AS CASE WHEN delimiter IS NOT NULL THEN array_to_string(list_filter(x, lambda v: v IS NOT NULL), delimiter) END;
CREATE MACRO athena_of_entries(x) AS map_from_entries(x);
CREATE MACRO athena_entry(x, name) AS CASE WHEN x IS NULL OR name IS NULL THEN NULL
    WHEN NOT map_contains(x, name) THEN map_values(x)[athena_failed_number('INVALID_FUNCTION_ARGUMENT', 'Key not present in map')]
    ELSE map_extract_value(x, name) END;
CREATE MACRO athena_map(names, items) AS map(names, items);
CREATE MACRO athena_sequence(first, last, step) AS CASE WHEN first IS NULL OR last IS NULL OR step IS NULL THEN NULL
    WHEN step = 0 THEN [athena_failed_number('INVALID_FUNCTION_ARGUMENT', 'step must not be zero')]
    WHEN athena_entries(floor((CAST(last AS DOUBLE) - first) / step) + 1) > 0 THEN generate_series(first, last, step) END;
CREATE MACRO athena_date_sequence(first, last, step) AS list_transform(athena_sequence(0, CAST(last - first AS BIGINT), step), lambda days: first + CAST(days AS INTEGER));
CREATE MACRO athena_time_sequence(first, last, step) AS list_transform(
    athena_sequence(0, (epoch_us(last) - epoch_us(first)) // 1000, step), lambda ms: first + to_microseconds(ms * 1000));
CREATE MACRO athena_day_sequence(first, last, step) AS CASE WHEN step % 86400000 = 0
    THEN athena_date_sequence(first, last, step // 86400000)
    WHEN athena_refused('a sequence of dates with a step of hours') IS NOT NULL THEN NULL END;
CREATE MACRO athena_small(x) AS CASE WHEN x BETWEEN -2147483648 AND 2147483647 THEN x
    WHEN x IS NOT NULL THEN athena_failed_number('INVALID_FUNCTION_ARGUMENT', 'integer overflow') END;
CREATE MACRO athena_from_unixtime(x) AS CASE WHEN isnan(x) THEN TIMESTAMP '1970-01-01' ELSE make_timestamp(CAST(floor(x * 1000e0 + 0.5e0) AS BIGINT) * 1000) END;
CREATE MACRO athena_to_unixtime(x) AS epoch_ms(x) / 1000e0;
"""
