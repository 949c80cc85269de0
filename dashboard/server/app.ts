import express, { type Express } from 'express';
import helmet from 'helmet';
import { TouchstoneError } from '../../core/errors.ts';
import { createErrorHandler } from './errors.ts';
import { admit, cookiesOf, jsonOnly, sameSite } from './guard.ts';
import { createRoutes, type RouteDeps } from './routes.ts';

export interface DashboardDeps extends RouteDeps {
  /** Where people reach the page; decides about TLS-only cookies. */
  readonly publicUrl: string;
  /** The built page. */
  readonly webDir: string;
}

const MAX_BODY = '32kb';

/** The dashboard as an Express application: headers, origin, body, policy, handler, error, in this order for every request. */
export function createDashboard(deps: DashboardDeps): Express {
  const app = express();
  const cookies = cookiesOf(deps.publicUrl);
  app.disable('x-powered-by');
  app.set('trust proxy', false);
  app.set('query parser', 'simple');
  app.use(securityHeaders(cookies.isSecure));
  app.use(sameSite(deps.publicUrl));
  app.use('/api', (_req, res, next) => {
    res.setHeader('Cache-Control', 'no-store');
    next();
  });
  app.use('/api', express.json({ limit: MAX_BODY, strict: true, type: ['application/json', 'application/csp-report'] }), jsonOnly);
  for (const route of createRoutes(deps, cookies)) {
    app[route.method](route.path, async (req, res) => {
      const user = admit(req, route.policy, route.needsCsrf, deps.signIns, cookies);
      const answer = await route.run(req, res, user);
      if (answer !== undefined && !res.headersSent) res.json(answer);
    });
  }
  app.use('/api', () => {
    throw new TouchstoneError('NOT_FOUND', 'there is no such route');
  });
  app.use(express.static(deps.webDir, { index: 'index.html', dotfiles: 'deny', fallthrough: true }));
  app.use(() => {
    throw new TouchstoneError('NOT_FOUND', 'there is no such page');
  });
  app.use(createErrorHandler(deps.log));
  return app;
}

function securityHeaders(isSecure: boolean) {
  const self = ["'self'"];
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: self,
        styleSrc: self,
        imgSrc: [...self, 'data:'],
        fontSrc: self,
        connectSrc: self,
        baseUri: ["'none'"],
        formAction: self,
        frameAncestors: ["'none'"],
        reportUri: ['/api/csp-report'],
      },
    },
    strictTransportSecurity: isSecure ? { maxAge: 31_536_000 } : false,
    crossOriginEmbedderPolicy: true,
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
  });
}
