const p=157,m=[157],h={30157:((l,o,t)=>{t.r(o),t.d(o,{preflight:()=>d});var e=t(28395),r=t(48328);const a=`
import json, sys
import psycopg2
given = json.load(sys.stdin)
with psycopg2.connect(connect_timeout=20, application_name="dbt-oidc preflight", **given) as connection:
    with connection.cursor() as cursor:
        cursor.execute("select session_user, current_database()")
        user, database = cursor.fetchone()
print(json.dumps({"user": user, "database": database}))
`,c=e.Ikc({user:e.YjP(),database:e.YjP()});async function d(s,u,{python:i}){const n=c.parse(await i(a,{host:s.host,port:s.port,user:s.user,password:u,dbname:(0,r.zJ)(s),sslmode:s.sslmode??(s.sslrootcert?"verify-full":"require"),...s.sslrootcert===void 0?{}:{sslrootcert:s.sslrootcert}}));return[{what:"user",expected:s.user,actual:n.user},{what:"database",expected:(0,r.zJ)(s),actual:n.database}]}})};export{p as id,m as ids,h as modules};
