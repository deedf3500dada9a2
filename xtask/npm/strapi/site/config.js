// All of a small Strapi's settings; the files that Strapi looks for take their part from here.
// Nothing in it is secret: it lives for one run, and nobody but the suite can reach it.
module.exports = {
  server: ({ env }) => ({
    host: '127.0.0.1',
    port: env.int('PORT'),
    app: { keys: ['suite-app-key-one', 'suite-app-key-two'] },
  }),
  admin: {
    auth: { secret: 'suite-admin-secret' },
    apiToken: { salt: 'suite-api-token-salt' },
    transfer: { token: { salt: 'suite-transfer-token-salt' } },
    secrets: { encryptionKey: 'suite-encryption-key-0123456789ab' },
    serveAdminPanel: false,
  },
  api: { rest: { defaultLimit: 25, maxLimit: 500, withCount: true } },
  database: ({ env }) => ({
    connection: { client: 'postgres', connection: { connectionString: env('DATABASE_URL') } },
  }),
  middlewares: ['strapi::logger', 'strapi::errors', 'strapi::security', 'strapi::cors', 'strapi::query', 'strapi::body', 'strapi::session', 'strapi::favicon', 'strapi::public'],
  plugins: { 'users-permissions': { config: { jwtSecret: 'suite-jwt-secret' } } },
};
