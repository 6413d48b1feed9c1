const _=928,k=[928],h={80928:((f,e,t)=>{t.r(e),t.d(e,{preflight:()=>c});var n=t(28395);const i=`
import json, sys
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
me = WorkspaceClient(config=Config(**json.load(sys.stdin))).current_user.me()
print(json.dumps({"user": me.user_name}))
`,r=n.Ikc({user:n.cl6(n.YjP())});async function c({connection:o,credential:s,directory:d},a,{python:p}){const l=`https://${o.host}`,u=s.kind==="bearer"?{auth_type:"pat",token:s.token}:{auth_type:"file-oidc",client_id:o.client_id,oidc_token_filepath:`${d}/${a}`},m=r.parse(await p(i,{host:l,...u}));return[{what:"service principal",expected:o.client_id,actual:m.user??void 0}]}})};export{_ as id,k as ids,h as modules};
