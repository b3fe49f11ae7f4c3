import { TallystickError } from '@tallystick/core'
import type { Lease } from '../../state/lease.ts'
import { deliveryOf } from '../handlers/leases.ts'
import { type Call, type Handler, json } from '../route.ts'
import { amountIn, readMembers, told } from './body.ts'
import { leaseOf } from './credential.ts'
import { remainingOf } from './remaining.ts'

/** Far more than one request costs. */
const MOST_MICROS = 10n ** 12n

/**
 * `POST /api/v1/budget/report`: what one request under a lease used. It becomes an event with the id of the request, and so
 * is counted once however often it is reported.
 */
export const report: Handler = async (call) => {
  const members = await readMembers(call, [
    ...['lease_id', 'request_id', 'tokens', 'cost_microdollars', 'cost_usd', 'model', 'provider'],
  ])
  const lease = await leaseIn(call, members)
  const requestId = members.text('request_id')
  if (!members.has('request_id')) members.missing('request_id', 'the id of the request')
  const tokens = members.integer('tokens', 1, Number.MAX_SAFE_INTEGER)
  if (!members.has('tokens')) members.missing('tokens', 'how many tokens it was')
  const cost = amountIn(members, 'cost_microdollars', ['cost_usd'], MOST_MICROS)
  if (!members.has('cost_microdollars') && !members.has('cost_usd'))
    members.missing('cost_microdollars', 'what it cost, in micro-USD')
  const model = members.text('model', 256)
  if (!members.has('model')) members.missing('model', 'which model answered')
  const provider = members.text('provider')
  members.throwIfWrong()
  const { lease: after } = await call.app.budgets.leases.report(found(lease), {
    eventId: requestId as string,
    event: {
      kind: 'llm_request_completed',
      model,
      ...(provider === undefined ? {} : { provider }),
      total_tokens: tokens,
      cost_nano_usd: Number(cost),
    },
    ...deliveryOf(call),
  })
  return json({
    success: true,
    ...told('budget_remaining', remainingOf(call.app.budgets, after)),
    ...told('lease_remaining', leftOf(after)),
  })
}

/**
 * `POST /api/v1/budget/return`: gives back what is left of a lease. Where more was spent than was reported, the rest becomes
 * an event too, so that spend is what events say.
 */
export const giveBack: Handler = async (call) => {
  const { leases } = call.app.budgets
  const members = await readMembers(call, ['lease_id', 'spent_microdollars', 'final_spent_usd', 'spent_usd'])
  const named = await leaseIn(call, members)
  const spent = amountIn(members, 'spent_microdollars', ['final_spent_usd', 'spent_usd'], MOST_MICROS)
  members.throwIfWrong()
  const lease = found(named)
  const unreported = (spent ?? 0n) - BigInt(lease.settledNanoUsd ?? 0)
  let current = lease
  if (unreported > 0n && lease.state !== 'returned') {
    const rest = {
      eventId: `${lease.id}/unreported`,
      event: { kind: 'llm_request_completed', model: 'unknown', cost_nano_usd: Number(unreported) },
      ...deliveryOf(call),
    }
    current = (await leases.report(lease, rest)).lease
  }
  const returned = current.state === 'settled' ? current : await leases.giveBack(current)
  return json({ success: true, ...told('returned', leftOf(returned)) })
}

async function leaseIn(call: Call, members: Awaited<ReturnType<typeof readMembers>>): Promise<Lease | undefined> {
  const lease = await leaseOf(call, members.text('lease_id'))
  if (!members.has('lease_id')) members.missing('lease_id', 'as the handshake answered it')
  return lease
}

/** After everything else that is wrong with the request has been said. */
function found(lease: Lease | undefined): Lease {
  if (lease === undefined) throw new TallystickError('lease_not_found', 'There is no such lease.')
  return lease
}

/** What has not been used of it. */
function leftOf({ reservedNanoUsd, settledNanoUsd = '0' }: Lease): bigint {
  const left = BigInt(reservedNanoUsd) - BigInt(settledNanoUsd)
  return left > 0n ? left : 0n
}
