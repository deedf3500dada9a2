<?php
// What happens on the command line. Arguments: the site's folder, what to do, and the post it is done to.
// Three of them die at the worst moment: WordPress has written, and no hook after the write has run.
$_SERVER['HTTP_HOST'] = '127.0.0.1';
$_SERVER['REQUEST_URI'] = '/';
[, $site, $deed, $post] = $argv + [3 => 0];

if ($deed === 'send') {
    // As much of WP-CLI as the plugin asks for.
    define('WP_CLI', true);
    final class WP_CLI
    {
        public static $commands = [];

        public static function add_command($name, $command)
        {
            self::$commands[$name] = $command;
        }

        public static function log($line)
        {
            echo $line, "\n";
        }

        public static function error($line)
        {
            exit("error: $line\n");
        }
    }
}
require $site . '/wp-load.php';

function die_at($hook)
{
    add_action($hook, function () {
        posix_kill(getmypid(), SIGKILL);
    }, PHP_INT_MIN);
}

switch ($deed) {
    case 'send':
        call_user_func(WP_CLI::$commands['slugline send']);
        break;
    case 'die-inserting':
        die_at('add_term_relationship');
        wp_insert_post(['post_title' => 'Died inserting', 'post_status' => 'publish', 'post_content' => 'x']);
        break;
    case 'die-updating':
        die_at('transition_post_status');
        wp_update_post(['ID' => $post, 'post_title' => 'Died updating']);
        break;
    case 'die-deleting':
        die_at('deleted_post');
        wp_delete_post($post, true);
        break;
    case 'import':
        // One request that makes many posts, terms and meta after each of them.
        for ($number = 1; $number <= (int) $post; $number++) {
            $id = wp_insert_post(['post_title' => "Imported $number", 'post_status' => 'publish', 'post_content' => 'x']);
            wp_set_post_terms($id, ["import $number"], 'post_tag');
            update_post_meta($id, 'rating', $number);
            echo $id, "\n";
        }
        break;
}
