// What an administrator sets up by hand: an API token, whose key goes into a file, and a webhook with a static header.
module.exports = {
  register() {},
  async bootstrap({ strapi }) {
    const token = await strapi.service('admin::api-token').create({ name: 'suite', type: 'full-access', lifespan: null });
    const webhook = await strapi.get('webhookStore').createWebhook({
      name: 'Slugline',
      url: process.env.SUITE_HOOK,
      headers: { Authorization: `Bearer ${process.env.SUITE_SECRET}` },
      events: ['entry.create', 'entry.update', 'entry.delete', 'entry.publish', 'entry.unpublish'],
      isEnabled: true,
    });
    strapi.get('webhookRunner').add(webhook);
    require('fs').writeFileSync(process.env.SUITE_TOKEN_FILE, token.accessKey);
  },
};
