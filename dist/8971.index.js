"use strict";exports.id=8971,exports.ids=[8971],exports.modules={58971:((g,r,o)=>{o.r(r),o.d(r,{preflight:()=>u});var e=o(28395),s=o(90960);const i=`
import json, sys
import trino
given = json.load(sys.stdin)
connection = trino.dbapi.connect(
    host=given["host"], port=given["port"], http_scheme="https", user=given["user"], verify=given["verify"],
    catalog=given["catalog"], auth=trino.auth.JWTAuthentication(given["token"]), request_timeout=20, max_attempts=1,
)
cursor = connection.cursor()
cursor.execute("select current_user, current_catalog")
user, catalog = cursor.fetchone()
print(json.dumps({"user": user, "catalog": catalog}))
`,c=e.Ikc({user:e.YjP(),catalog:e.cl6(e.YjP())});async function u({connection:t,credential:n},{python:l}){if(n.kind!=="id-token"&&n.kind!=="bearer")throw new Error(`trino cannot ask with a ${n.kind} credential`);const a=c.parse(await l(i,{host:t.host,port:t.port,user:t.user??null,verify:t.cert??!0,catalog:(0,s.catalogOf)(t),token:n.token}));return[{what:"user",expected:t.user,actual:a.user},{what:"catalog",expected:(0,s.catalogOf)(t),actual:a.catalog??void 0}]}})};
