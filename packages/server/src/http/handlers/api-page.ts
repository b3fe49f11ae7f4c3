import { TallystickError } from '@tallystick/core'
import { API_PAGE_POLICY } from '../headers.ts'
import { type Handler, json } from '../route.ts'
import { fileAnswer } from './dashboard.ts'

/** `GET /openapi.json`: the document of every route, made of the route table. */
export const openApi: Handler = ({ app }) => json(app.openApi())

/** `GET /docs`: the page that shows it. All it loads comes from this server, so it works without a network. */
export const apiPage: Handler = ({ request, app }) => {
  const asset = app.assets.find('/docs/index.html')
  if (asset === undefined) throw new TallystickError('not_found', 'The API page is not built; run `npm run build`.')
  const response = fileAnswer(asset, request)
  response.headers.set(...API_PAGE_POLICY)
  return response
}
