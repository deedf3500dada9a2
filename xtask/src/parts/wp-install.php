<?php
// Sets the test site up: pretty permalinks, an admin (the person) and an editor (Slugline), each with an
// application password. Arguments: the site's folder, the file that takes the passwords as JSON.
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = '127.0.0.1';
$_SERVER['REQUEST_URI'] = '/';
require $argv[1] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_wp_mail', '__return_true');

$admin = wp_install('Test site', 'admin', 'admin@example.test', true, '', 'admin-pass')['user_id'];
update_option('permalink_structure', '/%postname%/');
$GLOBALS['wp_rewrite']->init();
flush_rewrite_rules(false);
$editor = wp_insert_user(['user_login' => 'publisher', 'user_pass' => 'publisher-pass', 'user_email' => 'publisher@example.test', 'role' => 'editor']);

$passwords = [];
foreach (['admin' => $admin, 'publisher' => $editor] as $login => $id) {
    $passwords[$login] = WP_Application_Passwords::create_new_application_password($id, ['name' => 'test'])[0];
}
file_put_contents($argv[2], json_encode($passwords));
