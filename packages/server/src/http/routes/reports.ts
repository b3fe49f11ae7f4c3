import { report } from '../handlers/report.ts'
import {
  createSchedule,
  listSchedules,
  removeSchedule,
  replaceSchedule,
  runSchedule,
} from '../handlers/report-schedules.ts'
import {
  CREATE_SCHEDULE_DOC,
  LIST_SCHEDULES_DOC,
  REMOVE_SCHEDULE_DOC,
  REPLACE_SCHEDULE_DOC,
  REPORT_DOC,
  RUN_SCHEDULE_DOC,
} from '../openapi/reports.ts'
import type { Route } from '../route.ts'

/** Reports, at once and by schedule. What was dismissed and what is scheduled the owner of the control state knows. */
export const REPORT_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/v1/report',
    scope: 'read',
    handler: report,
    control: true,
    doc: REPORT_DOC,
    summary: 'Make a report of a range',
  },
  {
    method: 'GET',
    path: '/api/v1/reports/schedules',
    scope: 'read',
    handler: listSchedules,
    control: true,
    doc: LIST_SCHEDULES_DOC,
    strict: true,
    summary: 'List schedules of reports',
  },
  {
    method: 'POST',
    path: '/api/v1/reports/schedules',
    scope: 'admin',
    handler: createSchedule,
    control: true,
    doc: CREATE_SCHEDULE_DOC,
    strict: true,
    summary: 'Have a report made again and again',
  },
  {
    method: 'PUT',
    path: '/api/v1/reports/schedules/:id',
    scope: 'admin',
    handler: replaceSchedule,
    control: true,
    doc: REPLACE_SCHEDULE_DOC,
    strict: true,
    summary: 'Change a schedule of reports',
  },
  {
    method: 'DELETE',
    path: '/api/v1/reports/schedules/:id',
    scope: 'admin',
    handler: removeSchedule,
    control: true,
    doc: REMOVE_SCHEDULE_DOC,
    strict: true,
    summary: 'Remove a schedule of reports',
  },
  {
    method: 'POST',
    path: '/api/v1/reports/schedules/:id/run',
    scope: 'admin',
    handler: runSchedule,
    control: true,
    doc: RUN_SCHEDULE_DOC,
    strict: true,
    summary: 'Make and deliver a scheduled report now',
  },
]
