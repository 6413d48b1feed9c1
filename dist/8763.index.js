"use strict";exports.id=8763,exports.ids=[8763],exports.modules={78763:((f,e,t)=>{t.r(e),t.d(e,{preflight:()=>c});var n=t(28395);const o=`
import json, sys
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
me = WorkspaceClient(config=Config(**json.load(sys.stdin))).current_user.me()
print(json.dumps({"user": me.user_name}))
`,r=n.Ikc({user:n.cl6(n.YjP())});async function c({connection:s,credential:i,directory:d},a,{python:l}){const u=`https://${s.host}`,p=i.kind==="bearer"?{auth_type:"pat",token:i.token}:{auth_type:"file-oidc",client_id:s.client_id,oidc_token_filepath:`${d}/${a}`},m=r.parse(await l(o,{host:u,...p}));return[{what:"service principal",expected:s.client_id,actual:m.user??void 0}]}})};
