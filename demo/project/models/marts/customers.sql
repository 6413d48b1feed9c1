with orders as (

    select
        customer_id,
        min(ordered_on) as first_ordered_on,
        max(ordered_on) as last_ordered_on,
        count(*) as orders,
        sum(case when status = 'returned' then 0 else amount end) as revenue
    from {{ ref('orders') }}
    group by customer_id

)

select
    customers.customer_id,
    customers.customer,
    customers.country,
    orders.first_ordered_on,
    orders.last_ordered_on,
    coalesce(orders.orders, 0) as orders,
    coalesce(orders.revenue, 0) as revenue
from {{ ref('stg_customers') }} as customers
left join orders on customers.customer_id = orders.customer_id
