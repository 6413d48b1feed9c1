{# Removes the schema of a pull request, and nothing else: only the target `ci` has one. #}
{% macro drop_pull_request_schema() %}
  {% if target.name != 'ci' or not target.schema.startswith('pr_') %}
    {{ exceptions.raise_compiler_error('not a schema of a pull request: ' ~ target.schema) }}
  {% endif %}
  {% do adapter.drop_schema(api.Relation.create(database=target.database, schema=target.schema)) %}
{% endmacro %}
