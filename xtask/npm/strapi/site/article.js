// The type `article`, whose routes, controller and service take their part from here. Strapi's REST cannot unpublish;
// its admin panel can, in this way.
const { factories } = require('@strapi/strapi');
const uid = 'api::article.article';

module.exports = {
  routes: factories.createCoreRouter(uid),
  more: { routes: [{ method: 'POST', path: '/articles/:id/unpublish', handler: 'article.unpublish' }] },
  controllers: factories.createCoreController(uid, ({ strapi }) => ({
    async unpublish(ctx) {
      await strapi.documents(uid).unpublish({ documentId: ctx.params.id });
      ctx.status = 204;
    },
  })),
  services: factories.createCoreService(uid),
};
