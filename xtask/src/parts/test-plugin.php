<?php
// Loaded before all plugins: where to send, with pauses of a second instead of minutes, and a field that REST shows.
// ADDRESS and SIGNING_KEY are filled in at each start.
error_reporting(E_ALL);
define('WP_ACCESSIBLE_HOSTS', '127.*');
define('SLUGLINE_URL', 'ADDRESS');
define('SLUGLINE_SECRET', 'SIGNING_KEY');
define('SLUGLINE_ALLOW_PRIVATE', true);
add_filter('slugline_pause', '__return_zero');
add_filter('slugline_interval', function () {
    return 1;
});
// A body that takes its time to be made: what another request writes meanwhile must not get a lower version.
add_shortcode('slow', function () {
    usleep(150000 * random_int(0, 1));
    return '';
});
add_action('init', function () {
    register_post_meta('post', 'rating', ['type' => 'integer', 'single' => true, 'show_in_rest' => true]);
    register_post_meta('post', 'internal', ['type' => 'string', 'single' => true, 'show_in_rest' => false]);
});
