{# An amount in whole cents as an amount in euros. #}
{% macro cents_to_euros(column) -%}
    cast({{ column }} / 100.0 as decimal(16, 2))
{%- endmacro %}
