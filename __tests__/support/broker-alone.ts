// A broker in a process of its own: what strangers do to its connections must not end it.
import { openBroker } from '../../src/keepalive/broker.ts'

const broker = await openBroker(new Map([['/id-token', async () => ({ value: 'token' })]]))
process.once('disconnect', () => process.exit(0))
process.send?.({ origin: broker.origin, authorization: broker.authorization })
