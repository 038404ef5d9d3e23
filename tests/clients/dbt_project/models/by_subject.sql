{{ config(materialized='table', format='parquet', partitioned_by=['subject']) }}
select count(*) as samples, max(acceleration) as largest, subject
from {{ ref('recent') }}
group by subject
