import { createErasure, showErasure } from '../handlers/erasures.ts'
import { createHold, deleteHold, listHolds } from '../handlers/holds.ts'
import {
  CREATE_ERASURE_DOC,
  CREATE_HOLD_DOC,
  DELETE_HOLD_DOC,
  LIST_HOLDS_DOC,
  SHOW_ERASURE_DOC,
} from '../openapi/privacy.ts'
import type { Route } from '../route.ts'

/** Users that are taken out, and ranges of time in which nothing is. */
export const PRIVACY_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/api/v1/erasures',
    scope: 'admin',
    allAgents: true,
    control: true,
    handler: createErasure,
    doc: CREATE_ERASURE_DOC,
    strict: true,
    summary: 'Take a user out of everything that is kept',
  },
  {
    method: 'GET',
    path: '/api/v1/erasures',
    scope: 'admin',
    allAgents: true,
    control: true,
    handler: showErasure,
    doc: SHOW_ERASURE_DOC,
    strict: true,
    summary: 'Tell how far an erasure is',
  },
  {
    method: 'GET',
    path: '/api/v1/holds',
    scope: 'admin',
    whole: true,
    control: true,
    handler: listHolds,
    doc: LIST_HOLDS_DOC,
    strict: true,
    summary: 'List the legal holds',
  },
  {
    method: 'POST',
    path: '/api/v1/holds',
    scope: 'admin',
    whole: true,
    control: true,
    handler: createHold,
    doc: CREATE_HOLD_DOC,
    strict: true,
    summary: 'Keep everything of a range of time',
  },
  {
    method: 'DELETE',
    path: '/api/v1/holds/:id',
    scope: 'admin',
    whole: true,
    control: true,
    handler: deleteHold,
    doc: DELETE_HOLD_DOC,
    strict: true,
    summary: 'Remove a legal hold',
  },
]
