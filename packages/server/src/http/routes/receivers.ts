import { admitSecretKey } from '../langfuse/auth.ts'
import { langfuseFailure } from '../langfuse/failure.ts'
import { langfuseIngestion } from '../langfuse/ingestion.ts'
import { langfuseHealth, langfuseProjects } from '../langfuse/project.ts'
import { litellmCallback } from '../litellm/callback.ts'
import { LANGFUSE_TRACES_DOC } from '../openapi/otlp.ts'
import {
  LANGFUSE_HEALTH_DOC,
  LANGFUSE_INGESTION_DOC,
  LANGFUSE_PROJECTS_DOC,
  LITELLM_DOC,
} from '../openapi/receivers.ts'
import { otlpFailure } from '../otlp/answer.ts'
import { receive } from '../otlp/receive.ts'
import type { Route } from '../route.ts'

/** Other people's senders. */
export const RECEIVER_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/litellm/callback',
    scope: 'ingest',
    handler: litellmCallback,
    doc: LITELLM_DOC,
    summary: "Take what LiteLLM's HTTP callback sends",
  },
  {
    method: 'POST',
    path: '/api/public/ingestion',
    scope: 'ingest',
    admit: admitSecretKey,
    handler: langfuseIngestion,
    control: true,
    doc: LANGFUSE_INGESTION_DOC,
    failure: langfuseFailure,
    summary: "Take what Langfuse's clients send",
  },
  {
    method: 'POST',
    path: '/api/public/otel/v1/traces',
    scope: 'ingest',
    admit: admitSecretKey,
    handler: receive('traces'),
    control: true,
    doc: LANGFUSE_TRACES_DOC,
    failure: otlpFailure,
    summary: "Take spans of Langfuse's later clients",
  },
  {
    method: 'GET',
    path: '/api/public/projects',
    scope: 'ingest',
    admit: admitSecretKey,
    handler: langfuseProjects,
    doc: LANGFUSE_PROJECTS_DOC,
    failure: langfuseFailure,
    summary: "Tell Langfuse's clients that their key is valid",
  },
  {
    method: 'GET',
    path: '/api/public/health',
    scope: 'public',
    handler: langfuseHealth,
    doc: LANGFUSE_HEALTH_DOC,
    failure: langfuseFailure,
    summary: "Tell Langfuse's clients that the server answers",
  },
]
