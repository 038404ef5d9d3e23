select id, n, acceleration, subject
from {{ source('raw', 'samples') }}
where n > 1
