{# An amount in whole cents as an amount in euros. #}
{% macro cents_to_euros(column) -%}
    {#- What stands in for BigQuery in the tests knows no decimal with a scale. -#}
    cast({{ column }} / 100.0 as {{ 'numeric' if target.type == 'bigquery' else 'decimal(16, 2)' }})
{%- endmacro %}
