"use strict";exports.id=3022,exports.ids=[3022],exports.modules={83022:((l,o,t)=>{t.r(o),t.d(o,{preflight:()=>u});var e=t(28395),r=t(39029);const n=`
import json, sys
import psycopg2
given = json.load(sys.stdin)
with psycopg2.connect(connect_timeout=20, application_name="dbt-oidc preflight", **given) as connection:
    with connection.cursor() as cursor:
        cursor.execute("select session_user, current_database()")
        user, database = cursor.fetchone()
print(json.dumps({"user": user, "database": database}))
`,d=e.Ikc({user:e.YjP(),database:e.YjP()});async function u(s,i,{python:c}){const a=d.parse(await c(n,{host:s.host,port:s.port,user:s.user,password:i,dbname:(0,r.zJ)(s),sslmode:s.sslmode??(s.sslrootcert?"verify-full":"require"),...s.sslrootcert===void 0?{}:{sslrootcert:s.sslrootcert}}));return[{what:"user",expected:s.user,actual:a.user},{what:"database",expected:(0,r.zJ)(s),actual:a.database}]}})};
