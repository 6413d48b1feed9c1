select
    id as customer_id,
    first_name || ' ' || last_name as customer,
    country
from {{ ref('raw_customers') }}
