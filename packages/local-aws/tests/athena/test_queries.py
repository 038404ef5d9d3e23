"""What analysts write, answered as Athena answers. Every expectation was derived by hand from athena_client.ROWS."""

# ruff: noqa: E501 - a case is a line, however long its SQL
from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_aws_harness.athena_client import Athena, QueryFailed, running


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Athena]:
    with running(tmp_path_factory.mktemp("athena")) as made:
        made.make_readings()
        yield made


ANSWERS = {
    "all rows in order": (
        "SELECT id, x, n FROM current ORDER BY id",
        [["1-0", "1.5", "1"], ["1-1", "-2.0", "2"], ["1-2", None, "3"], ["3-0", "1.0E-4", "4"],
         ["3-1", "1.23456785E7", "5"]],
    ),
    "star brings partition keys last": (
        "SELECT * FROM current WHERE subject = 3 AND n = 4",
        [["3-0", "2014-01-01 00:00:00.000", "1.0E-4", "4", "running", "2", "3"]],
    ),
    "star of a derived table keeps unnamed columns": ("SELECT * FROM (SELECT 1, 'a')", [["1", "a"]]),
    "quotes and commas in text": ("SELECT activity FROM current WHERE n = 5", [['jump "front", back']]),
    "count, count of a column, sum": ("SELECT count(*), count(x), sum(n) FROM current", [["5", "4", "15"]]),
    "average of whole numbers is double": ("SELECT avg(n) FROM current", [["3.0"]]),
    "group by place, having, order": (
        "SELECT subject, count(*) AS c FROM current GROUP BY 1 HAVING count(*) > 2 ORDER BY c",
        [["1", "3"]],
    ),
    "order by descending puts null last": ("SELECT x FROM current WHERE subject = 1 ORDER BY x DESC", [["1.5"], ["-2.0"], [None]]),
    "limit after offset": ("SELECT n FROM current ORDER BY n OFFSET 1 LIMIT 2", [["2"], ["3"]]),
    "distinct": ("SELECT DISTINCT activity FROM current WHERE subject = 1 ORDER BY 1", [["null class"], ["walking"]]),
    "whole numbers divide whole": ("SELECT 5 / 2, -5 / 2, n / 2 FROM current WHERE n = 5", [["2", "-2", "2"]]),
    "divisions inside divisions": ("SELECT 7 / 2 / 2, avg(n) / (5 / 2), 10 / (7 / 2e0) FROM current", [["1", "1.5", "2.857142857142857"]]),
    "decimals keep the larger scale": ("SELECT 1.0 / 3, count(*) / 2.0 FROM current", [["0.3", "2.5"]]),
    "percentages of decimals": (
        "SELECT subject, count(*) * 100.0 / sum(count(*)) OVER () FROM current GROUP BY subject ORDER BY 1",
        [["1", "60.0"], ["3", "40.0"]],
    ),
    "doubles divide by zero": ("SELECT 1e0 / 0, -1e0 / 0, 0e0 / 0", [["Infinity", "-Infinity", "NaN"]]),
    "remainder has the sign of the dividend": ("SELECT -7 % 3, mod(7, 3)", [["-1", "1"]]),
    "casts round half up": ("SELECT CAST(2.5e0 AS integer), CAST(-0.5e0 AS bigint), CAST('12' AS integer)", [["3", "-1", "12"]]),
    "try_cast": ("SELECT try_cast('2.5' AS integer), try_cast('x' AS double), try_cast('7' AS bigint)", [[None, None, "7"]]),
    "casts to text": (
        "SELECT CAST(x AS varchar), CAST(\"timestamp\" AS varchar), CAST('12' AS varchar(1)) FROM current WHERE n = 4",
        [["1.0E-4", "2014-01-01 00:00:00.000", "1"]],
    ),
    "common table expressions and a join": (
        "WITH a AS (SELECT * FROM current WHERE subject = 1), b AS (SELECT * FROM current WHERE subject = 3) "
        "SELECT a.id, b.id FROM a JOIN b ON a.\"timestamp\" = b.\"timestamp\"",
        [["1-0", "3-0"]],
    ),
    "left join with a derived table": (
        "SELECT c.id, o.x FROM current c LEFT JOIN (SELECT id, x FROM readings WHERE snapshot = 1) o ON c.id = o.id "
        "WHERE c.subject = 1 ORDER BY 1",
        [["1-0", "99.0"], ["1-1", None], ["1-2", None]],
    ),
    "a common table expression twice, pruned by each use": (
        "WITH c AS (SELECT * FROM current) SELECT a.n, b.n FROM c a JOIN c b ON a.n = b.n - 1 WHERE a.subject = 1 AND b.subject = 3",
        [["3", "4"]],
    ),
    "union all": ("SELECT n FROM current WHERE n = 1 UNION ALL SELECT 7", [["1"], ["7"]]),
    "subquery in a condition": ("SELECT id FROM current WHERE n = (SELECT max(n) FROM current)", [["3-1"]]),
    "exists": (
        "SELECT DISTINCT subject FROM current c WHERE EXISTS (SELECT 1 FROM readings r WHERE r.subject = c.subject AND r.snapshot = 1)",
        [["1"]],
    ),
    "lag and row_number": (
        "SELECT n, lag(n) OVER (PARTITION BY subject ORDER BY n), row_number() OVER (PARTITION BY subject ORDER BY n DESC) "
        "FROM current ORDER BY n",
        [["1", None, "3"], ["2", "1", "2"], ["3", "2", "1"], ["4", None, "2"], ["5", "4", "1"]],
    ),
    "moving average": (
        "SELECT avg(n) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM current ORDER BY n",
        [["1.0"], ["1.5"], ["2.5"], ["3.5"], ["4.5"]],
    ),
    "date_trunc": (
        "SELECT date_trunc('minute', \"timestamp\"), count(*) FROM current GROUP BY 1 ORDER BY 1",
        [["2014-01-01 00:00:00.000", "4"], ["2014-01-01 00:01:00.000", "1"]],
    ),
    "date_diff counts whole units": (
        "SELECT date_diff('minute', min(\"timestamp\"), max(\"timestamp\")), date_diff('day', timestamp '2014-01-01 23:00:00', "
        "timestamp '2014-01-02 01:00:00') FROM current",
        [["1", "0"]],
    ),
    "date_add and intervals": (
        "SELECT date_add('day', 1, date '2014-01-31'), date '2014-01-31' - interval '1' month, "
        "timestamp '2014-01-01 00:00:00' + interval '90' second, date_trunc('month', date '2014-02-03')",
        [["2014-02-01", "2013-12-31", "2014-01-01 00:01:30.000", "2014-02-01"]],
    ),
    "parts of a time": (
        "SELECT year(\"timestamp\"), extract(minute FROM \"timestamp\"), day_of_week(\"timestamp\"), "
        "date_format(\"timestamp\", '%Y-%m') FROM current WHERE n = 5",
        [["2014", "1", "3", "2014-01"]],
    ),
    "time conditions": (
        "SELECT id FROM current WHERE \"timestamp\" >= timestamp '2014-01-01 00:00:00.040' ORDER BY 1",
        [["1-2"], ["3-1"]],
    ),
    "timestamp as a bare name": ("SELECT timestamp FROM current WHERE timestamp > date '2014-01-01' AND n = 2", [["2014-01-01 00:00:00.020"]]),
    "approximations": (
        "SELECT approx_distinct(activity), approx_percentile(n, 0.5), approx_percentile(n, ARRAY[0.0, 1.0]) FROM current",
        [["4", "3", "[1, 5]"]],
    ),
    # Of 1, 2, 3: standard deviation 1, variance 1; a line through (1, 1) (2, 2) (3, 3).
    "statistics": (
        "SELECT stddev(n), variance(n), corr(n, n), min_by(id, n), max_by(id, n) FROM current WHERE subject = 1",
        [["1.0", "1.0", "1.0", "1-0", "1-2"]],
    ),
    # Four buckets of 0..8: 1 to 1, 2 and 3 to 2, 4 and 5 to 3.
    "width_bucket": (
        "SELECT width_bucket(n, 0, 8, 4), count(*) FROM current GROUP BY 1 ORDER BY 1",
        [["1", "1"], ["2", "2"], ["3", "2"]],
    ),
    "differences of times": (
        "SELECT max(\"timestamp\") - min(\"timestamp\"), date '2014-01-03' - date '2014-01-01', "
        "count_if(\"timestamp\" - timestamp '2014-01-01 00:00:00' > interval '30' second) FROM current",
        [["0 00:01:00.000", "2 00:00:00.000", "1"]],
    ),
    "what does not match is null": (
        "SELECT regexp_extract('abc', '\\d'), split_part('a-b', '-', 3), regexp_extract('abc', 'x*')",
        [[None, None, ""]],
    ),
    "groups in replacements": ("SELECT regexp_replace('a1b2', '([a-z])(\\d)', '$2$1')", [["1a2b"]]),
    "match functions": (
        "SELECT any_match(a, x -> x > 2), all_match(a, x -> x > 2), none_match(a, x -> x > 9), reduce(a, 0, (s, x) -> s + x, s -> s) "
        "FROM (SELECT ARRAY[1, 2, 3] AS a)",
        [["true", "false", "true", "6"]],
    ),
    "numbers as text": ("SELECT format('%s and %s', 1.5e0, 2), sign(-2e0)", [["1.5 and 2", "-1.0"]]),
    "whole results of functions divide whole": (
        "SELECT approx_percentile(n, 0.9) / 2, max_by(n, n) / 2, cardinality(ARRAY[1, 2, 3]) / 2, try(n / 0) "
        "FROM current GROUP BY n HAVING n = 5",
        [["2", "2", "1", None]],
    ),
    "format": ("SELECT format('%.2f|%05d|%s', 1.235e0, 42, 'a')", [["1.24|00042|a"]]),
    "text functions": (
        "SELECT upper('a') || lower('B'), concat('a', 'b', 'c'), substr('hello', 2, 3), strpos('abc', 'c'), "
        "split_part('3-0000042', '-', 2), length('abc'), replace('aXa', 'X', '-'), lpad('7', 3, '0')",
        [["Ab", "abc", "ell", "3", "0000042", "3", "a-a", "007"]],
    ),
    "concat with null is null": ("SELECT concat('a', CAST(NULL AS varchar)), greatest(1, NULL)", [[None, None]]),
    "regular expressions": (
        "SELECT regexp_like(id, '^3-'), regexp_extract(id, '(\\d+)-(\\d+)', 2), regexp_replace('a1b', '\\d', '') FROM current WHERE n = 5",
        [["true", "1", "ab"]],
    ),
    "case, if, coalesce, nullif": (
        "SELECT CASE WHEN n > 2 THEN 'b' ELSE 'a' END, if(n = 1, 'one', 'more'), coalesce(x, 0), nullif(n, 1) "
        "FROM current WHERE n IN (1, 3) ORDER BY n",
        [["a", "one", "1.5", None], ["b", "more", "0.0", "3"]],
    ),
    "conditional aggregates": (
        "SELECT count_if(n > 2), sum(n) FILTER (WHERE subject = 3), bool_or(n = 5), sum(if(n > 3, 1, 0)) FROM current",
        [["3", "9", "true", "2"]],
    ),
    "arrays": (
        "SELECT array_agg(n ORDER BY n DESC), cardinality(ARRAY[1, 2]), element_at(ARRAY['a', 'b'], 2), "
        "contains(ARRAY[1, 2], 2), array_join(ARRAY['a', 'b'], '/'), ARRAY[x] FROM (SELECT n, max(x) OVER () AS x FROM current "
        "WHERE n < 3) GROUP BY x",
        [["[2, 1]", "2", "b", "true", "a/b", "[1.5]"]],
    ),
    "lambdas": ("SELECT transform(ARRAY[1, 2], v -> v * 2), filter(ARRAY[1, 2, 3], v -> v > 1)", [["[2, 4]", "[2, 3]"]]),
    "unnest": ("SELECT u FROM (SELECT ARRAY[3, 4] AS a) CROSS JOIN UNNEST(a) AS t(u) ORDER BY u", [["3"], ["4"]]),
    "maps": (
        "SELECT cardinality(map_agg(id, n)), element_at(map_agg(id, n), '1-1'), MAP(ARRAY['k'], ARRAY[1.5e0]) FROM current WHERE n < 3",
        [["2", "2", "{k=1.5}"]],
    ),
    "rows": ("SELECT CAST(ROW(1, 'x') AS ROW(a integer, b varchar)), ROW(1, 2e0)", [["{a=1, b=x}", "{field0=1, field1=2.0}"]]),
    "recursion": (
        "WITH RECURSIVE r(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM r WHERE v < 3) SELECT sum(v) FROM r",
        [["6"]],
    ),
    "values": ("VALUES (1, true), (2, false)", [["1", "true"], ["2", "false"]]),
    "comments and a final semicolon": ("-- one\nSELECT /* two */ 1; -- three", [["1"]]),
    "no rows": ("SELECT id FROM current WHERE subject = 77", []),
    "path of the file": (
        "SELECT regexp_extract(\"$path\", 'readings/(.*)', 1), count(*) FROM readings WHERE subject = 3 GROUP BY 1",
        [["snapshot=2/subject=3/part-00000.parquet", "2"]],
    ),
    "full name in quotes": ('SELECT count(*) FROM "awsdatacatalog"."{database}"."current"', [["5"]]),
    "names without regard to case": ('SELECT COUNT(*) FROM Current WHERE SUBJECT = 3 AND "ID" = \'3-0\'', [["1"]]),
    "is not distinct": ("SELECT count(*) FROM current WHERE x IS NOT DISTINCT FROM NULL", [["1"]]),
    "rollup": (
        "SELECT subject, count(*) FROM current GROUP BY ROLLUP (subject) ORDER BY 1",
        [["1", "3"], ["3", "2"], [None, "5"]],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_answers_as_athena_does(athena: Athena, sql: str, expected: list[list[str | None]]) -> None:
    assert athena.query(sql.replace("{database}", athena.database)) == expected


REFUSALS = {
    "text for a number key": (
        "SELECT * FROM current WHERE subject = '3'",
        "TYPE_MISMATCH: line 1:37: Cannot apply operator: integer = varchar(1)",
    ),
    "text for a timestamp": (
        "SELECT 1 FROM current WHERE \"timestamp\" < '2014-01-01'",
        "TYPE_MISMATCH: line 1:41: Cannot apply operator: timestamp(3) < varchar(10)",
    ),
    "text in a list": ("SELECT 1 FROM current WHERE subject IN ('3')", "TYPE_MISMATCH: line 1:29: IN value and list items"),
    "text in between": (
        "SELECT 1 FROM current WHERE n BETWEEN '1' AND '2'",
        "TYPE_MISMATCH: line 1:29: Cannot check if integer is BETWEEN varchar(1) and varchar(1)",
    ),
    "number plus text": ("SELECT n + '1' FROM current", "TYPE_MISMATCH: line 1:10: Cannot apply operator: integer + varchar(1)"),
    "like on a number": ("SELECT 1 FROM current WHERE n LIKE '1'", "TYPE_MISMATCH: line 1:29: Left side of LIKE"),
    "text and number in a case": ("SELECT CASE WHEN n = 1 THEN 'a' ELSE 1 END FROM current", "TYPE_MISMATCH: line 1:18: All CASE results"),
    "number as a condition": ("SELECT 1 FROM current WHERE n", "TYPE_MISMATCH: line 1:29: WHERE clause must evaluate to a boolean"),
    "number in a concatenation": ("SELECT id || n FROM current", "TYPE_MISMATCH: line 1:8: Cannot apply operator: varchar || integer"),
    "double equals": ("SELECT 1 FROM current WHERE n == 1", "SYNTAX_ERROR: line 1:32: mismatched input '='"),
    "backticks": ("SELECT `id` FROM current", "SYNTAX_ERROR: line 1:8: backquoted identifiers are not supported"),
    "casts by colons": ("SELECT n::varchar FROM current", "SYNTAX_ERROR: line 1:9: mismatched input '::'"),
    "ilike": ("SELECT 1 FROM current WHERE id ILIKE 'a'", "SYNTAX_ERROR: line 1:32: mismatched input 'ILIKE'"),
    "offset after limit": ("SELECT n FROM current LIMIT 1 OFFSET 1", "SYNTAX_ERROR: line 1:31: mismatched input 'OFFSET'"),
    "trailing comma": ("SELECT n, FROM current", "SYNTAX_ERROR: line 1:11: mismatched input 'FROM'"),
    "interval without quotes": ("SELECT date '2014-01-01' + interval 1 day", "SYNTAX_ERROR: line 1:37: mismatched input '1'"),
    "two statements": ("SELECT 1; SELECT 2", "SYNTAX_ERROR: Only one sql statement is allowed"),
    "two semicolons": ("SELECT 1;;", "SYNTAX_ERROR: Only one sql statement is allowed"),
    "no statement": ("SELEC 1", "SYNTAX_ERROR: line 1:1: mismatched input 'SELEC'"),
    "nothing": ("-- nothing", "SYNTAX_ERROR: line 1:1: mismatched input '<EOF>'"),
    "half a statement": ("SELECT n FROM", "SYNTAX_ERROR: line 1:"),
    "a function that only DuckDB has": ("SELECT median(n) FROM current", "FUNCTION_NOT_FOUND: line 1:8: Function 'median' not registered"),
    "a function that only DuckDB has, after others": (
        "SELECT max(n),\n list(n) FROM current",
        "FUNCTION_NOT_FOUND: line 2:2: Function 'list' not registered",
    ),
    "reading files": ("SELECT * FROM read_csv('/etc/passwd')", "SYNTAX_ERROR: line 1:23: mismatched input '('"),
    "an alias in where": ("SELECT n AS m FROM current WHERE m = 1", "COLUMN_NOT_FOUND: line 1:34: Column 'm' cannot be resolved"),
    "an alias in group by": ("SELECT n AS m FROM current GROUP BY m", "COLUMN_NOT_FOUND: line 1:37: Column 'm' cannot be resolved"),
    "text in double quotes": ('SELECT 1 FROM current WHERE id = "3-0"', "COLUMN_NOT_FOUND: line 1:34: Column '3-0' cannot be resolved"),
    "a column that isn't there": ("SELECT nope FROM current", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
    "a column of two tables": (
        "SELECT id FROM current a JOIN current b ON a.n = b.n",
        "AMBIGUOUS_NAME: line 1:8: Column 'id' is ambiguous",
    ),
    "a column not grouped": (
        "SELECT activity, count(*) FROM current",
        "EXPRESSION_NOT_AGGREGATE: 'activity' must be an aggregate expression or appear in GROUP BY clause",
    ),
    "an unknown table": ("SELECT 1 FROM nope", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.{database}.nope' does not exist"),
    "an unknown database": ("SELECT 1 FROM nope.t", "SCHEMA_NOT_FOUND: line 1:15: Schema 'nope' does not exist"),
    "an unknown catalog": ("SELECT 1 FROM other.db.t", "CATALOG_NOT_FOUND: line 1:15: Catalog 'other' not found"),
    "the path of a view": ('SELECT "$path" FROM current', "COLUMN_NOT_FOUND: line 1:8: Column '$path' cannot be resolved"),
    "division by zero": ("SELECT 1 / (n - 1) FROM current", "DIVISION_BY_ZERO: Division by zero"),
    "a bad cast": ("SELECT CAST(id AS integer) FROM current WHERE n = 1", "INVALID_CAST_ARGUMENT: Cannot cast '1-0' to INTEGER"),
    "a number as a shorter text": ("SELECT CAST(12 AS varchar(1))", "INVALID_CAST_ARGUMENT: Value 12 cannot be represented as varchar(1)"),
    "a half as a whole number": ("SELECT CAST('2.5' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast '2.5' to INTEGER"),
    "a subquery of many rows": ("SELECT (SELECT n FROM current)", "SUBQUERY_MULTIPLE_ROWS: "),
    "a number too large": ("SELECT CAST(3000000000 AS integer)", "NUMERIC_VALUE_OUT_OF_RANGE: "),
    "what the local one lacks": ("INSERT INTO current VALUES (1)", "NOT_SUPPORTED: The local Athena does not do this statement: INSERT"),
    "a time zone": (
        "SELECT \"timestamp\" AT TIME ZONE 'Asia/Tokyo' FROM current",
        "NOT_SUPPORTED: line 1:8: The local Athena does not do AT TIME ZONE",
    ),
    "a function the local one lacks": ("SELECT checksum(n) FROM current", "NOT_SUPPORTED: line 1:8: The local Athena does not do the function checksum"),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "words"), REFUSALS.values(), ids=REFUSALS)
def test_refuses_what_athena_refuses(athena: Athena, sql: str, words: str) -> None:
    with pytest.raises(QueryFailed) as raised:
        athena.query(sql)
    status = raised.value.execution["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"].startswith(words.replace("{database}", athena.database))
    assert status["AthenaError"]["ErrorMessage"] == status["StateChangeReason"]
    assert status["AthenaError"]["Retryable"] is False
    assert status["AthenaError"]["ErrorCategory"] == 2


def test_labels_and_types_are_athenas(athena: Athena) -> None:
    sql = (
        "SELECT count(*) AS Total, n, x, activity, \"timestamp\", true, date '2014-01-01', 1.50, ARRAY[1], MAP(), ROW(1), "
        "CAST(1 AS real), now() FROM current WHERE n = 1 GROUP BY 2, 3, 4, 5"
    )
    execution = athena.execute(sql)
    result = athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]
    columns = result["ResultSetMetadata"]["ColumnInfo"]
    assert [column["Label"] for column in columns] == [
        *("Total", "n", "x", "activity", "timestamp", "_col5", "_col6"),
        *("_col7", "_col8", "_col9", "_col10", "_col11", "_col12"),
    ]
    assert [column["Type"] for column in columns] == [
        *("bigint", "integer", "double", "varchar", "timestamp", "boolean", "date"),
        *("decimal", "array", "map", "row", "float", "timestamp with time zone"),
    ]
    assert (columns[7]["Precision"], columns[7]["Scale"]) == (3, 2)
    header = [value["VarCharValue"] for value in result["Rows"][0]["Data"]]
    assert header == [column["Label"] for column in columns]


def test_parameters_take_the_place_of_question_marks(athena: Athena) -> None:
    sql = "SELECT id FROM current WHERE subject = ? AND activity = ?"
    assert athena.query(sql, ExecutionParameters=["3", "'running'"]) == [["3-0"]]
    with pytest.raises(
        QueryFailed, match="INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected 2 but found 1"
    ):
        athena.query(sql, ExecutionParameters=["3"])


def test_information_schema_tells_of_tables_and_columns(athena: Athena) -> None:
    where = f"WHERE table_schema = '{athena.database}'"
    tables = athena.query(f"SELECT table_name, table_type FROM information_schema.tables {where} ORDER BY 1")
    assert tables == [["current", "VIEW"], ["readings", "BASE TABLE"]]
    columns = athena.query(
        f"SELECT column_name, data_type, extra_info FROM information_schema.columns {where} AND table_name = 'readings' "
        "ORDER BY ordinal_position"
    )
    assert columns == [
        ["id", "varchar", None],
        ["timestamp", "timestamp(3)", None],
        ["x", "double", None],
        ["n", "integer", None],
        ["activity", "varchar", None],
        ["snapshot", "bigint", "partition key"],
        ["subject", "integer", "partition key"],
    ]
