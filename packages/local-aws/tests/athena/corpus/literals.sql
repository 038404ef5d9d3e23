-- Literals and their types.
SELECT 1, -1, 2147483647, true, 'a', '';
SELECT 1.5, 1e0, 1E-3;
SELECT date '2014-01-31', timestamp '2014-01-31 01:02:03.004';
SELECT NULL, ARRAY[1, 2], ARRAY['a'];
SELECT id, x, y, "timestamp" FROM readings ORDER BY id;
