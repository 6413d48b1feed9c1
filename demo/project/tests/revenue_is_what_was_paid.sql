-- The customers' revenue is the sum of the orders that were kept, to the cent; rows returned here are a failure.
select
    revenue.total as revenue,
    paid.total as paid
from (select sum(revenue) as total from {{ ref('customers') }}) as revenue
cross join (select sum(amount) as total from {{ ref('orders') }} where status <> 'returned') as paid
where abs(revenue.total - paid.total) >= 0.01
