<?php
/**
 * Plugin Name:       Slugline
 * Description:       Tells a Slugline server of every change to published content, by signed webhooks that are kept until they have arrived.
 * Version:           0.1.0
 * Requires at least: 5.6
 * Requires PHP:      7.4
 * License:           GPL-2.0-or-later
 * License URI:       https://www.gnu.org/licenses/gpl-2.0.html
 *
 * A change becomes a row of the outbox table in the request that makes it, and a row is sent until it is taken:
 *
 * 1. Before WordPress writes, an `open` row is written. A request that dies halfway leaves it behind, and the next
 *    sender makes a webhook from what the database holds by then.
 * 2. When the request ends, the row gets a new number and then its body, from the state after that number was drawn.
 *    So the row with the highest number of a post always has the post's last state, whoever wrote at the same time.
 * 3. Rows are sent after the answer, and by WP-Cron every minute, one sender at a time, each row until a 2xx.
 *
 * It does not see what is written to the database past WordPress, and it suppresses no echoes: the server does.
 *
 * @package Slugline
 */

defined( 'ABSPATH' ) || exit;

/**
 * The outbox table and the numbers that belong to it.
 */
final class Slugline_Outbox {

	/** Goes up with every change to the table. */
	const SCHEMA = '1';
	/** Seconds: a row that was not taken for so long is dead, until somebody sends it again. */
	const PATIENCE = 7 * DAY_IN_SECONDS;
	/** Attempts that a row has in any case: it may have waited for a week because no endpoint was set. */
	const FEWEST_ATTEMPTS = 10;
	/** Seconds that a sent row is kept, for a look at what was sent. */
	const KEPT = 7 * DAY_IN_SECONDS;
	/** Seconds after which the request that opened a row is taken for dead: longer than hosts let one run. */
	const ABANDONED = 5 * MINUTE_IN_SECONDS;
	/** Seconds before the second attempt; doubled with each further one. */
	const FIRST_PAUSE = 30;
	/** Seconds: the longest pause between two attempts. */
	const LONGEST_PAUSE = HOUR_IN_SECONDS;

	/**
	 * The table of the current site.
	 */
	public static function table(): string {
		global $wpdb;
		return $wpdb->prefix . 'slugline_outbox';
	}

	/**
	 * Makes the table where it is not there in this form. Cheap when it is: the option is loaded with all others.
	 */
	public static function check(): void {
		if ( self::SCHEMA !== get_option( 'slugline_schema' ) ) {
			self::install();
		}
	}

	/**
	 * Makes the table, and the name that this site's messages carry.
	 */
	public static function install(): void {
		global $wpdb;
		$table = self::table();
		require_once ABSPATH . 'wp-admin/includes/upgrade.php';
		// Times are seconds since 1970. `object` is what rows are ordered by: post:12, term:3.
		dbDelta(
			"CREATE TABLE $table (
			id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
			created_at bigint(20) NOT NULL,
			object varchar(64) NOT NULL,
			type varchar(32) NOT NULL DEFAULT '',
			body longtext NOT NULL,
			attempts int(10) unsigned NOT NULL DEFAULT 0,
			next_at bigint(20) NOT NULL DEFAULT 0,
			state varchar(10) NOT NULL,
			last_error varchar(500) NOT NULL DEFAULT '',
			PRIMARY KEY  (id),
			KEY state (state),
			KEY object (object, state)
			) " . $wpdb->get_charset_collate()
		);
		add_option( 'slugline_site', wp_generate_uuid4(), '', 'no' );
		update_option( 'slugline_schema', self::SCHEMA );
	}

	/**
	 * Writes a row that is not to be sent yet; its number, or 0 when the database refused it.
	 *
	 * @param string   $object   What the row is about.
	 * @param array    $before   What was known of it before the change.
	 * @param int|null $created  When the change was made; now by default.
	 * @param int      $attempts Times that its body could not be made.
	 */
	public static function open( string $object, array $before, ?int $created = null, int $attempts = 0 ): int {
		global $wpdb;
		$row = array(
			'created_at' => $created ?? time(),
			'object'     => $object,
			'body'       => (string) wp_json_encode( $before ),
			'attempts'   => $attempts,
			'next_at'    => $attempts ? time() + self::pause( $attempts ) : 0,
			'state'      => 'open',
		);
		if ( ! $wpdb->insert( self::table(), $row ) ) {
			// The change itself goes on: an editor must be able to save. Somebody has to hear of it, though.
			error_log( "slugline: a change of $object could not be noted: {$wpdb->last_error}" );
			return 0;
		}
		return (int) $wpdb->insert_id;
	}

	/**
	 * Changes a row.
	 *
	 * @param int   $id     Its number.
	 * @param array $fields What it is to hold.
	 */
	public static function set( int $id, array $fields ): void {
		global $wpdb;
		if ( isset( $fields['last_error'] ) ) {
			$fields['last_error'] = mb_substr( $fields['last_error'], 0, 500 );
		}
		$wpdb->update( self::table(), $fields, array( 'id' => $id ) );
	}

	/**
	 * Removes a row that will never be sent.
	 *
	 * @param int $id Its number.
	 */
	public static function drop( int $id ): void {
		global $wpdb;
		$wpdb->delete( self::table(), array( 'id' => $id ) );
	}

	/**
	 * The first row that may be sent: none of an object of which an earlier row waits.
	 *
	 * @param int $began When the pass began: what failed in it is due later than that.
	 */
	public static function due( int $began ): ?object {
		global $wpdb;
		$table = self::table();
		return $wpdb->get_row(
			$wpdb->prepare(
				"SELECT * FROM $table o WHERE state = 'waiting' AND next_at <= %d AND NOT EXISTS
					(SELECT 1 FROM $table e WHERE e.object = o.object AND e.state = 'waiting' AND e.id < o.id)
				ORDER BY id LIMIT 1", // phpcs:ignore WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- The table's name.
				$began
			)
		);
	}

	/**
	 * Open rows whose request must have died.
	 */
	public static function abandoned(): array {
		global $wpdb;
		$table = self::table();
		return $wpdb->get_results(
			$wpdb->prepare(
				"SELECT * FROM $table WHERE state = 'open' AND created_at < %d AND next_at <= %d ORDER BY id LIMIT 50", // phpcs:ignore WordPress.DB.PreparedSQL.InterpolatedNotPrepared
				time() - self::ABANDONED,
				time()
			)
		);
	}

	/**
	 * Removes what was sent long ago. The newest row stays: some databases forget the highest number they ever gave when
	 * its row is gone, and a number must never come twice.
	 */
	public static function prune(): void {
		global $wpdb;
		$table  = self::table();
		$newest = (int) $wpdb->get_var( "SELECT MAX(id) FROM $table" ); // phpcs:ignore WordPress.DB.PreparedSQL.InterpolatedNotPrepared
		$wpdb->query(
			$wpdb->prepare(
				"DELETE FROM $table WHERE state = 'sent' AND next_at < %d AND id < %d", // phpcs:ignore WordPress.DB.PreparedSQL.InterpolatedNotPrepared
				time() - self::KEPT,
				$newest
			)
		);
	}

	/**
	 * Rows that nobody tries any more are tried again.
	 */
	public static function revive(): void {
		global $wpdb;
		$wpdb->update(
			self::table(),
			array(
				'state'      => 'waiting',
				'attempts'   => 0,
				'next_at'    => 0,
				'created_at' => time(),
			),
			array( 'state' => 'dead' )
		);
	}

	/**
	 * Rows in a state.
	 *
	 * @param string $state One of open, waiting, sent, dead.
	 */
	public static function count( string $state ): int {
		global $wpdb;
		$table = self::table();
		return (int) $wpdb->get_var( $wpdb->prepare( "SELECT COUNT(*) FROM $table WHERE state = %s", $state ) ); // phpcs:ignore WordPress.DB.PreparedSQL.InterpolatedNotPrepared
	}

	/**
	 * Seconds until the next attempt: doubled each time, half of it drawn, so that rows do not come back all at once.
	 *
	 * @param int $attempts Attempts so far.
	 */
	public static function pause( int $attempts ): int {
		$longest = min( self::LONGEST_PAUSE, self::FIRST_PAUSE * 2 ** min( $attempts - 1, 10 ) );
		$pause   = intdiv( $longest, 2 ) + wp_rand( 0, intdiv( $longest, 2 ) );
		return (int) apply_filters( 'slugline_pause', $pause, $attempts );
	}
}

/**
 * Collects what a request touches, and turns it into rows when the request ends.
 *
 * At the end, and not at each hook: a save sets terms, meta and the featured image after the post, in an order that differs
 * between the editors, REST, XML-RPC and imports, and all of it is one change.
 */
final class Slugline_Changes {

	/** Objects after which rows are written early: an import may touch more than fits into memory. */
	const MOST_TOUCHED = 200;

	/** Touched in this request: site and object => number of the open row, and what was known before. */
	private static $touched = array();
	/** The open row of a post that is about to get its number; 0 when there is none. */
	private static $unborn = 0;
	/** The highest number that a post had before. */
	private static $unborn_after = 0;

	/**
	 * Listens. Where WordPress has a hook before it writes, that one is taken.
	 */
	public static function listen(): void {
		add_filter( 'wp_insert_post_data', array( __CLASS__, 'before_insert' ), PHP_INT_MAX, 2 );
		add_filter( 'wp_insert_attachment_data', array( __CLASS__, 'before_insert' ), PHP_INT_MAX, 2 );
		add_action( 'pre_post_update', array( __CLASS__, 'before_update' ), 0, 2 );
		add_action( 'publish_future_post', array( __CLASS__, 'before_scheduled' ), 0 );
		add_action( 'wp_trash_post', array( __CLASS__, 'touch_post' ), 0 );
		add_action( 'before_delete_post', array( __CLASS__, 'touch_post' ), 0 );
		add_action( 'delete_attachment', array( __CLASS__, 'touch_post' ), 0 );
		add_action( 'add_attachment', array( __CLASS__, 'touch_post' ), 0 );
		add_action( 'edit_attachment', array( __CLASS__, 'touch_post' ), 0 );
		// Code that writes the status past wp_update_post() comes by here, after the fact.
		add_action( 'transition_post_status', array( __CLASS__, 'after_transition' ), 0, 3 );
		add_action( 'wp_after_insert_post', array( __CLASS__, 'after_insert' ), 0 );

		add_action( 'add_term_relationship', array( __CLASS__, 'touch_post' ), 0 );
		add_action( 'delete_term_relationships', array( __CLASS__, 'touch_post' ), 0 );
		add_action( 'add_post_meta', array( __CLASS__, 'before_added_meta' ), 0, 2 );
		add_action( 'update_post_meta', array( __CLASS__, 'before_changed_meta' ), 0, 3 );
		add_action( 'delete_post_meta', array( __CLASS__, 'before_changed_meta' ), 0, 3 );

		add_action( 'created_term', array( __CLASS__, 'after_created_term' ), 0, 3 );
		add_action( 'edit_terms', array( __CLASS__, 'touch_term' ), 0, 2 );
		add_action( 'edited_term', array( __CLASS__, 'after_created_term' ), 0, 3 );
		add_action( 'pre_delete_term', array( __CLASS__, 'touch_term' ), 0, 2 );

		add_action( 'shutdown', array( __CLASS__, 'settle_all' ), 0 );
	}

	/**
	 * The post types whose changes are told. Attachments have messages of their own.
	 */
	public static function post_types(): array {
		$types = array_values( array_diff( get_post_types( array( 'public' => true ) ), array( 'attachment' ) ) );
		return (array) apply_filters( 'slugline_post_types', $types );
	}

	/**
	 * Whether everybody may read the post. One with a password is not published: its text would lose the lock.
	 *
	 * @param WP_Post $post The post.
	 */
	public static function is_public( WP_Post $post ): bool {
		$public = 'publish' === $post->post_status && '' === $post->post_password
			&& in_array( $post->post_type, self::post_types(), true );
		return (bool) apply_filters( 'slugline_is_public', $public, $post );
	}

	/**
	 * A post that has no number yet: notes the highest number, so that a crash right after the insert hides nothing.
	 *
	 * @param array $data    The row that will be written.
	 * @param array $postarr What was asked for.
	 */
	public static function before_insert( $data, $postarr ) {
		global $wpdb;
		$told = 'attachment' === $data['post_type']
			|| ( 'publish' === $data['post_status'] && in_array( $data['post_type'], self::post_types(), true ) );
		if ( empty( $postarr['ID'] ) && $told && ! self::$unborn ) {
			self::$unborn_after = (int) $wpdb->get_var( "SELECT MAX(ID) FROM $wpdb->posts" );
			self::$unborn       = Slugline_Outbox::open( 'new:' . $data['post_type'], array( 'after' => self::$unborn_after ) );
		}
		return $data;
	}

	/**
	 * A post is about to be written over.
	 *
	 * @param int   $id   The post.
	 * @param array $data The row that will be written.
	 */
	public static function before_update( $id, $data ): void {
		self::touch_post( $id, 'publish' === $data['post_status'] );
	}

	/**
	 * WP-Cron is about to publish a scheduled post.
	 *
	 * @param int|WP_Post $post The post.
	 */
	public static function before_scheduled( $post ): void {
		self::touch_post( $post instanceof WP_Post ? $post->ID : $post, true );
	}

	/**
	 * A post has changed its status.
	 *
	 * @param string  $now  Its status.
	 * @param string  $was  The one before.
	 * @param WP_Post $post The post.
	 */
	public static function after_transition( $now, $was, $post ): void {
		if ( 'publish' === $now || 'publish' === $was ) {
			self::touch_post( $post->ID, true, 'publish' === $was );
		}
	}

	/**
	 * A post is complete, terms and meta included: a good moment to write rows, if there are very many.
	 *
	 * @param int $id The post.
	 */
	public static function after_insert( $id ): void {
		self::touch_post( $id );
		if ( count( self::$touched ) > self::MOST_TOUCHED ) {
			self::settle_all();
		}
	}

	/**
	 * Meta is about to be added to a post.
	 *
	 * @param int    $id  The post.
	 * @param string $key The meta's name.
	 */
	public static function before_added_meta( $id, $key ): void {
		$post = get_post( $id );
		if ( $post && self::is_told_meta( $post, $key ) ) {
			self::touch_post( $id );
		}
	}

	/**
	 * A post's meta is about to be changed or removed.
	 *
	 * @param int|array $meta_ids The meta's numbers.
	 * @param int       $id       The post.
	 * @param string    $key      The meta's name.
	 */
	public static function before_changed_meta( $meta_ids, $id, $key ): void {
		self::before_added_meta( $id, $key );
	}

	/**
	 * A term was made or changed.
	 *
	 * @param int    $id       The term.
	 * @param int    $tt_id    Its number within the taxonomy.
	 * @param string $taxonomy The taxonomy.
	 */
	public static function after_created_term( $id, $tt_id, $taxonomy ): void {
		self::touch_term( $id, $taxonomy );
	}

	/**
	 * Notes that a post changes in this request; only the first time does something.
	 *
	 * @param int       $id         The post.
	 * @param mixed     $will_be    True if it will be public; hooks hand over other things here.
	 * @param bool|null $was_public Whether it was; by default it is asked.
	 */
	public static function touch_post( $id, $will_be = null, $was_public = null ): void {
		$id   = (int) $id;
		$post = get_post( $id );
		$key  = get_current_blog_id() . "/post:$id";
		if ( ! $post || isset( self::$touched[ $key ] ) || ! self::is_told( $post, true === $will_be ) ) {
			return;
		}
		$before = array(
			'public'    => is_bool( $was_public ) ? $was_public : self::is_public( $post ),
			'post_type' => $post->post_type,
			'slug'      => self::slug( $post ),
			'locale'    => Slugline_Body::locale( $id ),
		);
		self::touch( $key, "post:$id", $before );
		// The new post has its number: its own row stands for it from now on.
		if ( self::$unborn && $id > self::$unborn_after ) {
			Slugline_Outbox::drop( self::$unborn );
			self::$unborn = 0;
		}
	}

	/**
	 * Notes that a term changes in this request.
	 *
	 * @param int    $id       The term.
	 * @param string $taxonomy Its taxonomy.
	 */
	public static function touch_term( $id, $taxonomy ): void {
		$id  = (int) $id;
		$key = get_current_blog_id() . "/term:$id";
		if ( isset( self::$touched[ $key ] ) || ! is_taxonomy_viewable( $taxonomy ) ) {
			return;
		}
		$term   = get_term( $id, $taxonomy );
		$before = array(
			'taxonomy' => $taxonomy,
			'slug'     => $term instanceof WP_Term ? $term->slug : null,
		);
		self::touch( $key, "term:$id", $before );
	}

	/**
	 * Turns all that was touched into rows that may be sent.
	 */
	public static function settle_all(): void {
		$touched       = self::$touched;
		self::$touched = array();
		foreach ( $touched as $key => list( $id, $before ) ) {
			list( $blog, $object ) = explode( '/', $key );

			$elsewhere = is_multisite() && get_current_blog_id() !== (int) $blog;
			if ( $elsewhere ) {
				switch_to_blog( (int) $blog );
			}
			self::settle( $id, $object, $before );
			if ( $elsewhere ) {
				restore_current_blog();
			}
		}
		// Nothing has taken it over: the insert failed, and there is nothing to tell.
		if ( self::$unborn ) {
			Slugline_Outbox::drop( self::$unborn );
			self::$unborn = 0;
		}
	}

	/**
	 * Rows that a dead request has left open are settled in its place.
	 */
	public static function adopt(): void {
		foreach ( Slugline_Outbox::abandoned() as $row ) {
			$before = (array) json_decode( $row->body, true );
			if ( 0 === strpos( $row->object, 'new:' ) ) {
				self::adopt_unborn( $row, substr( $row->object, 4 ), (int) ( $before['after'] ?? 0 ) );
			} else {
				self::settle( (int) $row->id, $row->object, $before, $row );
			}
		}
	}

	/**
	 * A request died while it made a post: all posts made since then that were never told.
	 *
	 * @param object $row       The open row.
	 * @param string $post_type The post's type.
	 * @param int    $after     The highest number before.
	 */
	private static function adopt_unborn( object $row, string $post_type, int $after ): void {
		global $wpdb;
		$table = Slugline_Outbox::table();
		$ids   = $wpdb->get_col(
			$wpdb->prepare(
				"SELECT ID FROM $wpdb->posts p WHERE ID > %d AND post_type = %s AND post_status <> 'auto-draft'
				AND NOT EXISTS (SELECT 1 FROM $table o WHERE o.object = CONCAT('post:', p.ID))", // phpcs:ignore WordPress.DB.PreparedSQL.InterpolatedNotPrepared
				$after,
				$post_type
			)
		);
		foreach ( $ids as $id ) {
			self::settle( 0, "post:$id", array( 'public' => false ) );
		}
		Slugline_Outbox::drop( (int) $row->id );
	}

	/**
	 * The slug that a post has, or had before the trash gave it another.
	 *
	 * @param WP_Post $post The post.
	 */
	private static function slug( WP_Post $post ): string {
		$wanted = (string) get_post_meta( $post->ID, '_wp_desired_post_slug', true );
		return '' !== $wanted && '__trashed' === substr( $post->post_name, -9 ) ? $wanted : $post->post_name;
	}

	/**
	 * Writes the open row, durably before the change itself.
	 *
	 * @param string $key    Site and object.
	 * @param string $object The object.
	 * @param array  $before What is known of it.
	 */
	private static function touch( string $key, string $object, array $before ): void {
		$id = Slugline_Outbox::open( $object, $before );

		self::$touched[ $key ] = array( $id, $before );
	}

	/**
	 * Draws a new number, then reads the state, then fills the row. In this order: see the head of this file.
	 *
	 * @param int         $open   The open row that it takes the place of; 0 for none.
	 * @param string      $object The object.
	 * @param array       $before What was known before the change.
	 * @param object|null $left   The open row, when another request has left it behind.
	 */
	private static function settle( int $open, string $object, array $before, ?object $left = null ): void {
		$created = $left ? (int) $left->created_at : null;
		$id      = Slugline_Outbox::open( $object, $before, $created, $left ? $left->attempts + 1 : 0 );
		if ( ! $id ) {
			return;
		}
		if ( $open ) {
			Slugline_Outbox::drop( $open );
		}
		try {
			$message = Slugline_Body::of( $object, $before, $id );
		} catch ( Throwable $problem ) {
			// A shortcode of somebody else's, say. The row stays open and is tried again by the sender.
			Slugline_Outbox::set( $id, array( 'last_error' => 'no body could be made: ' . $problem->getMessage() ) );
			return;
		}
		if ( null === $message ) {
			Slugline_Outbox::drop( $id );
			return;
		}
		list( $type, $body ) = $message;
		Slugline_Outbox::set(
			$id,
			array(
				'type'       => $type,
				'body'       => $body,
				'attempts'   => 0,
				'next_at'    => 0,
				'state'      => 'waiting',
				'last_error' => '',
			)
		);
		Slugline_Version::note( $object, $id );
		do_action( 'slugline_noted', $id, $type, $object );
	}

	/**
	 * Whether a change of this post may be told at all. Attachments always; posts that were never public only on removal.
	 *
	 * @param WP_Post $post    The post.
	 * @param bool    $will_be Whether it will be public.
	 */
	private static function is_told( WP_Post $post, bool $will_be ): bool {
		if ( 'attachment' === $post->post_type ) {
			return true;
		}
		if ( ! in_array( $post->post_type, self::post_types(), true ) ) {
			return false;
		}
		if ( $will_be || self::is_public( $post ) ) {
			return true;
		}
		return 'auto-draft' !== $post->post_status
			&& ( doing_action( 'before_delete_post' ) || Slugline_Body::tells_saves() );
	}

	/**
	 * Whether a message shows this meta: the featured image, what REST shows, and a medium's file and alternative text.
	 *
	 * @param WP_Post $post The post.
	 * @param string  $key  The meta's name.
	 */
	private static function is_told_meta( WP_Post $post, $key ): bool {
		if ( 'attachment' === $post->post_type ) {
			return in_array( $key, array( '_wp_attached_file', '_wp_attachment_image_alt' ), true );
		}
		return '_thumbnail_id' === $key || isset( Slugline_Body::shown_meta( $post->post_type )[ $key ] );
	}
}

/**
 * The number of a post's newest message, for those who ask WordPress instead of waiting to be told.
 */
final class Slugline_Version {

	const META = '_slugline_version';

	/**
	 * Listens.
	 */
	public static function listen(): void {
		add_action( 'rest_api_init', array( __CLASS__, 'show' ) );
	}

	/**
	 * Remembers the number.
	 *
	 * @param string $object What the message is about.
	 * @param int    $id     The message.
	 */
	public static function note( string $object, int $id ): void {
		list( $kind, $post ) = explode( ':', $object, 2 ) + array( '', '' );
		if ( 'post' === $kind && get_post( (int) $post ) ) {
			update_post_meta( (int) $post, self::META, $id );
		}
	}

	/**
	 * Shows it in REST as `slugline_version`; 0 where nothing was told yet.
	 */
	public static function show(): void {
		register_rest_field(
			Slugline_Changes::post_types(),
			'slugline_version',
			array(
				'get_callback' => static function ( $post ) {
					return (int) get_post_meta( $post['id'], self::META, true );
				},
				'schema'       => array(
					'description' => 'The version of the newest message to Slugline.',
					'type'        => 'integer',
					'readonly'    => true,
				),
			)
		);
	}
}

/**
 * What a message says.
 */
final class Slugline_Body {

	/**
	 * The type and text of a message, or null when there is nothing to tell.
	 *
	 * @param string $object  What it is about.
	 * @param array  $before  What was known before the change.
	 * @param int    $version The row's number.
	 */
	public static function of( string $object, array $before, int $version ): ?array {
		list( $kind, $id ) = explode( ':', $object );
		$message           = 'term' === $kind ? self::of_term( (int) $id, $before ) : self::of_post( (int) $id, $before );
		if ( null === $message ) {
			return null;
		}
		list( $type, $data ) = $message;
		$data['version']     = $version;
		$data                = (array) apply_filters( 'slugline_data', $data, $type, $object );
		$body                = array(
			'type'      => $type,
			'timestamp' => gmdate( 'Y-m-d\TH:i:s\Z' ),
			'data'      => $data,
		);
		// Plain ASCII (no JSON_UNESCAPED_UNICODE): it survives a table of any character set byte by byte.
		$text = wp_json_encode( $body, JSON_UNESCAPED_SLASHES );
		if ( false === $text ) {
			throw new RuntimeException( json_last_error_msg() );
		}
		return array( $type, $text );
	}

	/**
	 * The locale that a translation plugin gives a post; null without one.
	 *
	 * @param int $id The post.
	 */
	public static function locale( int $id ): ?string {
		if ( function_exists( 'pll_get_post_language' ) ) {
			$locale = pll_get_post_language( $id, 'locale' );
			return is_string( $locale ) && '' !== $locale ? $locale : null;
		}
		// WPML answers this filter; without it, null comes back.
		$details = apply_filters( 'wpml_post_language_details', null, $id );
		return is_array( $details ) && ! empty( $details['locale'] ) ? (string) $details['locale'] : null;
	}

	/**
	 * Whether saves of what is not public are told.
	 */
	public static function tells_saves(): bool {
		return '1' === (string) get_option( 'slugline_saves' );
	}

	/**
	 * The meta of a post type that REST shows, by name.
	 *
	 * @param string $post_type The post type.
	 */
	public static function shown_meta( string $post_type ): array {
		$registered = get_registered_meta_keys( 'post', $post_type ) + get_registered_meta_keys( 'post' );
		return array_filter(
			$registered,
			static function ( $meta ) {
				return ! empty( $meta['show_in_rest'] );
			}
		);
	}

	/**
	 * What there is to tell of a post or medium.
	 *
	 * @param int   $id     The post.
	 * @param array $before What was known before the change.
	 */
	private static function of_post( int $id, array $before ): ?array {
		// Another request may have written since this one last read.
		clean_post_cache( $id );
		$post  = get_post( $id );
		$media = 'attachment' === ( $post ? $post->post_type : $before['post_type'] ?? '' );
		if ( ! $post ) {
			return array( $media ? 'media.deleted' : 'post.deleted', self::removal( $id, $before ) );
		}
		if ( $media ) {
			return array( 'media.changed', self::medium( $post ) );
		}
		if ( Slugline_Changes::is_public( $post ) ) {
			return array( 'post.published', self::post( $post ) );
		}
		if ( ! empty( $before['public'] ) ) {
			return array( 'post.unpublished', self::removal( $id, $before ) );
		}
		$saved = self::tells_saves() && ! in_array( $post->post_status, array( 'auto-draft', 'trash' ), true );
		return $saved ? array( 'post.saved', self::post( $post ) ) : null;
	}

	/**
	 * A removal carries what identifies the post, as it was when it was public: the trash changes slugs.
	 *
	 * @param int   $id     The post.
	 * @param array $before What was known before the change.
	 */
	private static function removal( int $id, array $before ): array {
		return array(
			'id'        => $id,
			'post_type' => $before['post_type'] ?? null,
			'version'   => null,
			'slug'      => $before['slug'] ?? null,
			'locale'    => $before['locale'] ?? null,
		);
	}

	/**
	 * All of a post, as a visitor would see it.
	 *
	 * @param WP_Post $post The post.
	 */
	private static function post( WP_Post $post ): array {
		$author = get_userdata( (int) $post->post_author );
		return array(
			'id'             => $post->ID,
			'post_type'      => $post->post_type,
			'parent'         => $post->post_parent ? $post->post_parent : null,
			'status'         => $post->post_status,
			'version'        => null,
			'slug'           => $post->post_name,
			'locale'         => self::locale( $post->ID ),
			'link'           => get_permalink( $post ),
			'modified'       => self::time( $post->post_modified_gmt ),
			'published'      => 'publish' === $post->post_status ? self::time( $post->post_date_gmt ) : null,
			'title'          => self::plain( apply_filters( 'the_title', $post->post_title, $post->ID ) ),
			'content'        => self::rendered( $post ),
			'excerpt'        => '' === $post->post_excerpt ? '' : apply_filters( 'get_the_excerpt', $post->post_excerpt, $post ),
			'author'         => $author ? self::plain( $author->display_name ) : '',
			'categories'     => self::terms( $post, 'category' ),
			'tags'           => self::terms( $post, 'post_tag' ),
			'featured_media' => self::featured( $post ),
			'meta'           => (object) self::meta( $post ),
		);
	}

	/**
	 * The content as the theme would show it.
	 *
	 * @param WP_Post $post The post.
	 */
	private static function rendered( WP_Post $post ): string {
		$shown           = $GLOBALS['post'] ?? null;
		$GLOBALS['post'] = $post; // phpcs:ignore WordPress.WP.GlobalVariablesOverride.Prohibited -- Blocks and shortcodes look here.
		setup_postdata( $post );
		// A shortcode that prints instead of returning must not print into somebody's answer.
		ob_start();
		try {
			return (string) apply_filters( 'the_content', $post->post_content );
		} finally {
			ob_end_clean();
			$GLOBALS['post'] = $shown; // phpcs:ignore WordPress.WP.GlobalVariablesOverride.Prohibited
			if ( $shown instanceof WP_Post ) {
				setup_postdata( $shown );
			}
		}
	}

	/**
	 * The names of a post's terms.
	 *
	 * @param WP_Post $post     The post.
	 * @param string  $taxonomy The taxonomy.
	 */
	private static function terms( WP_Post $post, string $taxonomy ): array {
		$terms = get_the_terms( $post, $taxonomy );
		return is_array( $terms ) ? array_map( array( __CLASS__, 'plain' ), wp_list_pluck( array_values( $terms ), 'name' ) ) : array();
	}

	/**
	 * The featured image.
	 *
	 * @param WP_Post $post The post.
	 */
	private static function featured( WP_Post $post ): ?array {
		$id    = (int) get_post_thumbnail_id( $post );
		$image = $id ? get_post( $id ) : null;
		return $image ? self::file( $image ) : null;
	}

	/**
	 * A medium's file.
	 *
	 * @param WP_Post $medium The attachment.
	 */
	private static function file( WP_Post $medium ): array {
		return array(
			'id'       => $medium->ID,
			'url'      => (string) wp_get_attachment_url( $medium->ID ),
			'alt'      => (string) get_post_meta( $medium->ID, '_wp_attachment_image_alt', true ),
			'filename' => wp_basename( (string) get_attached_file( $medium->ID ) ),
		);
	}

	/**
	 * All of a medium.
	 *
	 * @param WP_Post $medium The attachment.
	 */
	private static function medium( WP_Post $medium ): array {
		return self::file( $medium ) + array(
			'post_type' => 'attachment',
			'version'   => null,
			'slug'      => $medium->post_name,
			'locale'    => self::locale( $medium->ID ),
			'modified'  => self::time( $medium->post_modified_gmt ),
			'title'     => self::plain( $medium->post_title ),
			'caption'   => $medium->post_excerpt,
			'mime_type' => $medium->post_mime_type,
		);
	}

	/**
	 * The registered meta that REST shows, in the types they are registered with.
	 *
	 * @param WP_Post $post The post.
	 */
	private static function meta( WP_Post $post ): array {
		$meta = array();
		foreach ( self::shown_meta( $post->post_type ) as $key => $registered ) {
			$values = get_post_meta( $post->ID, $key, false );
			foreach ( $values as $index => $value ) {
				$values[ $index ] = is_scalar( $value ) ? rest_sanitize_value_from_schema( $value, array( 'type' => $registered['type'] ) ) : $value;
			}
			$meta[ $key ] = $registered['single'] ? ( $values[0] ?? get_metadata_default( 'post', $post->ID, $key, true ) ) : $values;
		}
		return $meta;
	}

	/**
	 * What there is to tell of a term.
	 *
	 * @param int   $id     The term.
	 * @param array $before What was known before the change.
	 */
	private static function of_term( int $id, array $before ): array {
		clean_term_cache( $id, $before['taxonomy'], false );
		$term = get_term( $id, $before['taxonomy'] );
		$data = array(
			'id'       => $id,
			'taxonomy' => $before['taxonomy'],
			'version'  => null,
			'slug'     => $before['slug'],
		);
		if ( ! $term instanceof WP_Term ) {
			return array( 'term.deleted', $data );
		}
		$link = get_term_link( $term );

		$data['slug']        = $term->slug;
		$data['name']        = self::plain( $term->name );
		$data['description'] = $term->description;
		$data['parent']      = $term->parent ? $term->parent : null;
		$data['link']        = is_string( $link ) ? $link : null;
		return array( 'term.changed', $data );
	}

	/**
	 * Text instead of HTML text: WordPress keeps `&` as `&amp;` in titles and names.
	 *
	 * @param string $html The HTML text.
	 */
	private static function plain( $html ): string {
		return html_entity_decode( (string) $html, ENT_QUOTES | ENT_HTML5, 'UTF-8' );
	}

	/**
	 * A time of the database (GMT) as RFC 3339; null where it has none.
	 *
	 * @param string $gmt The time.
	 */
	private static function time( string $gmt ): ?string {
		return '0000-00-00 00:00:00' === $gmt ? null : str_replace( ' ', 'T', $gmt ) . 'Z';
	}
}

/**
 * Sends what waits.
 */
final class Slugline_Sender {

	/** Seconds that a receiver may take. It only has to note the message. */
	const TIMEOUT = 5;
	/** Different rows in a row without any answer, after which a pass ends: nobody is there. */
	const SILENCE = 3;
	/** Seconds that a pass may take: by cron (every minute), after an answer, and while a visitor waits for the end. */
	const BY_CRON      = 50;
	const AFTER_ANSWER = 20;
	const IN_THE_WAY   = 5;

	/**
	 * Sends by cron, by the command and when requests end.
	 */
	public static function listen(): void {
		// phpcs:ignore WordPress.WP.CronInterval.ChangeDetected -- A minute is what a reader may wait for a correction.
		add_filter( 'cron_schedules', array( __CLASS__, 'every_minute' ) );
		add_action( 'init', array( __CLASS__, 'schedule' ) );
		add_action( 'slugline_send', array( __CLASS__, 'by_cron' ) );
		add_action( 'shutdown', array( __CLASS__, 'at_the_end' ), PHP_INT_MAX );
		if ( defined( 'WP_CLI' ) && WP_CLI ) {
			WP_CLI::add_command( 'slugline send', array( __CLASS__, 'by_command' ) );
		}
	}

	/**
	 * Adds the interval.
	 *
	 * @param array $schedules The intervals.
	 */
	public static function every_minute( $schedules ) {
		$schedules['slugline'] = array(
			'interval' => (int) apply_filters( 'slugline_interval', MINUTE_IN_SECONDS ),
			'display'  => __( 'Slugline: every minute', 'slugline' ),
		);
		return $schedules;
	}

	/**
	 * Sees to it that the event is there, also when somebody has cleared the list.
	 */
	public static function schedule(): void {
		if ( ! wp_next_scheduled( 'slugline_send' ) ) {
			wp_schedule_event( time(), 'slugline', 'slugline_send' );
		}
	}

	/**
	 * The sender that nothing escapes: it also picks up after requests that died, and tidies.
	 */
	public static function by_cron(): void {
		self::with_lock(
			static function () {
				self::pass( self::BY_CRON );
				Slugline_Outbox::prune();
				// Last: a shortcode that ends PHP would end the sending too. What comes of it is sent at the end.
				Slugline_Changes::adopt();
			}
		);
	}

	/**
	 * Sends what this request has written, once its visitor has the answer.
	 */
	public static function at_the_end(): void {
		// What other requests wrote is theirs, or cron's: a page view must not pay for it.
		if ( ! did_action( 'slugline_noted' ) ) {
			return;
		}
		$answered = true;
		ignore_user_abort( true );
		if ( function_exists( 'fastcgi_finish_request' ) ) {
			fastcgi_finish_request();
		} elseif ( function_exists( 'litespeed_finish_request' ) ) {
			litespeed_finish_request();
		} else {
			$answered = 'cli' === PHP_SAPI;
		}
		self::with_lock(
			static function () use ( $answered ) {
				self::pass( $answered ? self::AFTER_ANSWER : self::IN_THE_WAY );
			}
		);
	}

	/**
	 * `wp slugline send`: sends what is due, and says what is left.
	 */
	public static function by_command(): void {
		if ( null !== Slugline_Settings::problem() ) {
			WP_CLI::error( Slugline_Settings::problem() );
		}
		self::by_cron();
		WP_CLI::log( sprintf( 'waiting: %d, dead: %d', Slugline_Outbox::count( 'waiting' ), Slugline_Outbox::count( 'dead' ) ) );
	}

	/**
	 * Runs something unless another sender is at work. The database gives the lock back when this process dies.
	 *
	 * @param callable $work What to run.
	 */
	private static function with_lock( callable $work ): void {
		global $wpdb;
		$name = 'slugline_' . md5( DB_NAME . '.' . $wpdb->prefix );
		if ( '1' !== (string) $wpdb->get_var( $wpdb->prepare( 'SELECT GET_LOCK(%s, 0)', $name ) ) ) {
			return;
		}
		try {
			$work();
		} finally {
			$wpdb->get_var( $wpdb->prepare( 'SELECT RELEASE_LOCK(%s)', $name ) );
		}
	}

	/**
	 * Tries every row that is due, once, in order.
	 *
	 * @param int $seconds The time it may take; the last attempt may run over.
	 */
	private static function pass( int $seconds ): void {
		if ( null !== Slugline_Settings::problem() ) {
			return;
		}
		$began  = time();
		$silent = 0;
		while ( time() - $began < $seconds && $silent < self::SILENCE ) {
			$row = Slugline_Outbox::due( $began );
			if ( ! $row ) {
				return;
			}
			$silent = self::attempt( $row ) ? 0 : $silent + 1;
		}
	}

	/**
	 * Sends one row and notes what came of it; false when nobody answered.
	 *
	 * @param object $row The row.
	 */
	private static function attempt( object $row ): bool {
		if ( function_exists( 'set_time_limit' ) ) {
			set_time_limit( 60 );
		}
		$answer = self::post( get_option( 'slugline_site' ) . '-' . $row->id, $row->body );
		$status = (int) wp_remote_retrieve_response_code( $answer );
		if ( $status >= 200 && $status < 300 ) {
			Slugline_Outbox::set(
				(int) $row->id,
				array(
					'state'      => 'sent',
					'attempts'   => $row->attempts + 1,
					'next_at'    => time(),
					'last_error' => '',
				)
			);
			return true;
		}
		self::failed( $row, $answer, $status );
		return 0 !== $status;
	}

	/**
	 * Puts a row off. No answer, not even 410, removes it: what is lost can only be found again by a person.
	 *
	 * @param object         $row    The row.
	 * @param array|WP_Error $answer What came back.
	 * @param int            $status Its status; 0 without an answer.
	 */
	private static function failed( object $row, $answer, int $status ): void {
		$attempts = $row->attempts + 1;
		$asked    = min( Slugline_Outbox::LONGEST_PAUSE, (int) wp_remote_retrieve_header( $answer, 'retry-after' ) );
		// At least a second, so that no row comes up twice in one pass.
		$pause = max( 1, Slugline_Outbox::pause( $attempts ), $asked );
		$over  = time() - $row->created_at > Slugline_Outbox::PATIENCE && $attempts >= Slugline_Outbox::FEWEST_ATTEMPTS;
		Slugline_Outbox::set(
			(int) $row->id,
			array(
				'state'      => $over ? 'dead' : 'waiting',
				'attempts'   => $attempts,
				'next_at'    => time() + $pause,
				'last_error' => $status
					? trim( $status . ' ' . wp_remote_retrieve_response_message( $answer ) )
					: $answer->get_error_message(),
			)
		);
	}

	/**
	 * One signed request (Standard Webhooks 1.0).
	 *
	 * @param string $id   The message's id: the same in every attempt.
	 * @param string $body Its body: the same in every attempt.
	 */
	private static function post( string $id, string $body ) {
		$now       = (string) time();
		$signature = base64_encode( hash_hmac( 'sha256', "$id.$now.$body", Slugline_Settings::key(), true ) );
		return wp_remote_post(
			Slugline_Settings::url(),
			array(
				'timeout'             => self::TIMEOUT,
				'redirection'         => 0,
				'reject_unsafe_urls'  => ! ( defined( 'SLUGLINE_ALLOW_PRIVATE' ) && true === SLUGLINE_ALLOW_PRIVATE ),
				'limit_response_size' => 64 * KB_IN_BYTES,
				'headers'             => array(
					'content-type'      => 'application/json',
					'webhook-id'        => $id,
					'webhook-timestamp' => $now,
					'webhook-signature' => "v1,$signature",
				),
				'body'                => $body,
			)
		);
	}
}

/**
 * Where to send, with which secret, and the page that shows how it goes.
 */
final class Slugline_Settings {

	/** Bytes of a key, as Standard Webhooks limits them. */
	const SHORTEST_KEY = 24;
	const LONGEST_KEY  = 64;

	/**
	 * Adds the page.
	 */
	public static function listen(): void {
		add_action( 'admin_menu', array( __CLASS__, 'menu' ) );
		add_action( 'admin_init', array( __CLASS__, 'register' ) );
		add_action( 'admin_notices', array( __CLASS__, 'notice' ) );
		add_action( 'admin_post_slugline_send', array( __CLASS__, 'send_now' ) );
		add_action( 'admin_post_slugline_revive', array( __CLASS__, 'revive' ) );
	}

	/**
	 * The endpoint. The constant wins.
	 */
	public static function url(): string {
		return (string) ( defined( 'SLUGLINE_URL' ) ? SLUGLINE_URL : get_option( 'slugline_url', '' ) );
	}

	/**
	 * The key's bytes; null where the secret is absent or not one.
	 */
	public static function key(): ?string {
		return self::decoded( defined( 'SLUGLINE_SECRET' ) ? SLUGLINE_SECRET : get_option( 'slugline_secret', '' ) );
	}

	/**
	 * Why nothing can be sent; null when it can.
	 */
	public static function problem(): ?string {
		if ( '' === self::url() ) {
			return __( 'No endpoint is set. Changes are kept until there is one.', 'slugline' );
		}
		if ( null === self::key() ) {
			return __( 'No usable secret is set: whsec_ and base64 of 24 to 64 bytes. Changes are kept until there is one.', 'slugline' );
		}
		return null;
	}

	/**
	 * Adds the page to the menu.
	 */
	public static function menu(): void {
		add_options_page( 'Slugline', 'Slugline', 'manage_options', 'slugline', array( __CLASS__, 'page' ) );
	}

	/**
	 * Declares the settings.
	 */
	public static function register(): void {
		// A field that the form does not show would be saved as empty.
		if ( ! defined( 'SLUGLINE_URL' ) ) {
			register_setting( 'slugline', 'slugline_url', array( 'sanitize_callback' => array( __CLASS__, 'clean_url' ) ) );
		}
		if ( ! defined( 'SLUGLINE_SECRET' ) ) {
			register_setting( 'slugline', 'slugline_secret', array( 'sanitize_callback' => array( __CLASS__, 'clean_secret' ) ) );
		}
		register_setting( 'slugline', 'slugline_saves', array( 'sanitize_callback' => array( __CLASS__, 'clean_flag' ) ) );
	}

	/**
	 * An address, or nothing.
	 *
	 * @param mixed $value What was typed.
	 */
	public static function clean_url( $value ): string {
		return esc_url_raw( trim( (string) $value ), array( 'https', 'http' ) );
	}

	/**
	 * A secret. The field is never filled in, so an empty one means the secret that is there.
	 *
	 * @param mixed $value What was typed.
	 */
	public static function clean_secret( $value ): string {
		$value = trim( (string) $value );
		$kept  = (string) get_option( 'slugline_secret', '' );
		if ( '' === $value ) {
			return $kept;
		}
		if ( null === self::decoded( $value ) ) {
			add_settings_error( 'slugline_secret', 'slugline_secret', __( 'This is no secret: whsec_ and base64 of 24 to 64 bytes.', 'slugline' ) );
			return $kept;
		}
		return $value;
	}

	/**
	 * A tick or none.
	 *
	 * @param mixed $value What was sent.
	 */
	public static function clean_flag( $value ): string {
		return $value ? '1' : '';
	}

	/**
	 * Says on every page of the administration what needs a person.
	 */
	public static function notice(): void {
		if ( ! current_user_can( 'manage_options' ) ) {
			return;
		}
		$dead = Slugline_Outbox::count( 'dead' );
		/* translators: %d: number of messages. */
		$words = self::problem() ?? ( $dead ? sprintf( __( '%d messages were not taken for a week.', 'slugline' ), $dead ) : null );
		if ( null !== $words ) {
			printf(
				'<div class="notice notice-warning"><p>Slugline: %s <a href="%s">%s</a></p></div>',
				esc_html( $words ),
				esc_url( self::address() ),
				esc_html__( 'Settings', 'slugline' )
			);
		}
	}

	/**
	 * The button "send now": what waits for a later attempt is due at once.
	 */
	public static function send_now(): void {
		global $wpdb;
		self::guard( 'slugline_send' );
		$wpdb->update( Slugline_Outbox::table(), array( 'next_at' => 0 ), array( 'state' => 'waiting' ) );
		Slugline_Sender::by_cron();
		self::back();
	}

	/**
	 * The button "send dead ones again".
	 */
	public static function revive(): void {
		self::guard( 'slugline_revive' );
		Slugline_Outbox::revive();
		Slugline_Sender::by_cron();
		self::back();
	}

	/**
	 * The page.
	 */
	public static function page(): void {
		echo '<div class="wrap"><h1>Slugline</h1>';
		self::show_outbox();
		self::show_button( 'slugline_send', __( 'Send now', 'slugline' ) );
		self::show_button( 'slugline_revive', __( 'Send dead ones again', 'slugline' ) );
		echo '<h2>' . esc_html__( 'Settings', 'slugline' ) . '</h2><form method="post" action="options.php">';
		settings_fields( 'slugline' );
		echo '<table class="form-table" role="presentation">';
		self::show_fields();
		echo '</table>';
		submit_button();
		echo '</form></div>';
	}

	/**
	 * The counts.
	 */
	private static function show_outbox(): void {
		global $wpdb;
		$table  = Slugline_Outbox::table();
		$oldest = $wpdb->get_var( "SELECT MIN(created_at) FROM $table WHERE state = 'waiting'" ); // phpcs:ignore WordPress.DB.PreparedSQL.InterpolatedNotPrepared
		$error  = $wpdb->get_var( "SELECT last_error FROM $table WHERE last_error <> '' ORDER BY next_at DESC LIMIT 1" ); // phpcs:ignore WordPress.DB.PreparedSQL.InterpolatedNotPrepared
		$lines  = array(
			__( 'Waiting', 'slugline' )             => Slugline_Outbox::count( 'waiting' ),
			__( 'Sent (last 7 days)', 'slugline' )  => Slugline_Outbox::count( 'sent' ),
			__( 'Dead', 'slugline' )                => Slugline_Outbox::count( 'dead' ),
			__( 'Being written', 'slugline' )       => Slugline_Outbox::count( 'open' ),
			__( 'Oldest that waits', 'slugline' )   => $oldest ? human_time_diff( (int) $oldest ) : '–',
			__( 'Last error', 'slugline' )          => $error ? $error : '–',
		);
		echo '<table class="widefat striped" style="max-width:40em"><tbody>';
		foreach ( $lines as $name => $value ) {
			printf( '<tr><th scope="row">%s</th><td>%s</td></tr>', esc_html( $name ), esc_html( (string) $value ) );
		}
		echo '</tbody></table>';
	}

	/**
	 * The fields. What wp-config.php gives cannot be changed here.
	 */
	private static function show_fields(): void {
		$by_config = esc_html__( 'Set in wp-config.php.', 'slugline' );
		$url       = defined( 'SLUGLINE_URL' ) ? $by_config : sprintf(
			'<input type="url" class="regular-text" id="slugline_url" name="slugline_url" value="%s">',
			esc_attr( self::url() )
		);
		$secret    = defined( 'SLUGLINE_SECRET' ) ? $by_config : sprintf(
			'<input type="password" class="regular-text" id="slugline_secret" name="slugline_secret" value="" autocomplete="new-password" placeholder="%s">',
			esc_attr( null === self::key() ? 'whsec_…' : __( 'Set; type a new one to replace it', 'slugline' ) )
		);
		$saves     = sprintf(
			'<input type="checkbox" id="slugline_saves" name="slugline_saves" value="1"%s>',
			checked( Slugline_Body::tells_saves(), true, false )
		);
		$row       = '<tr><th scope="row"><label for="%s">%s</label></th><td>%s</td></tr>';
		// phpcs:disable WordPress.Security.EscapeOutput.OutputNotEscaped -- Made of escaped parts above.
		printf( $row, 'slugline_url', esc_html__( 'Endpoint', 'slugline' ), $url );
		printf( $row, 'slugline_secret', esc_html__( 'Secret', 'slugline' ), $secret );
		printf( $row, 'slugline_saves', esc_html__( 'Tell saves of what is not public', 'slugline' ), $saves );
		// phpcs:enable
	}

	/**
	 * A button with a form of its own.
	 *
	 * @param string $action What it does.
	 * @param string $label  What it says.
	 */
	private static function show_button( string $action, string $label ): void {
		printf( '<form method="post" action="%s" style="display:inline-block;margin-right:1em">', esc_url( admin_url( 'admin-post.php' ) ) );
		printf( '<input type="hidden" name="action" value="%s">', esc_attr( $action ) );
		wp_nonce_field( $action );
		submit_button( $label, 'secondary', $action, false );
		echo '</form>';
	}

	/**
	 * Lets only administrators through who meant it.
	 *
	 * @param string $action The button.
	 */
	private static function guard( string $action ): void {
		check_admin_referer( $action );
		if ( ! current_user_can( 'manage_options' ) ) {
			wp_die( esc_html__( 'You may not do this.', 'slugline' ), '', array( 'response' => 403 ) );
		}
	}

	/**
	 * Back to the page.
	 */
	private static function back(): void {
		wp_safe_redirect( self::address() );
		exit;
	}

	/**
	 * The page's address.
	 */
	private static function address(): string {
		return admin_url( 'options-general.php?page=slugline' );
	}

	/**
	 * A secret's bytes, if it is one.
	 *
	 * @param mixed $secret The secret as it is written.
	 */
	private static function decoded( $secret ): ?string {
		$secret = trim( (string) $secret );
		if ( 0 !== strpos( $secret, 'whsec_' ) ) {
			return null;
		}
		$key = base64_decode( substr( $secret, 6 ), true );
		$fit = is_string( $key ) && strlen( $key ) >= self::SHORTEST_KEY && strlen( $key ) <= self::LONGEST_KEY;
		return $fit ? $key : null;
	}
}

/**
 * Makes the table and asks to be told when the plugin is removed.
 */
function slugline_activate(): void {
	Slugline_Outbox::install();
	register_uninstall_hook( __FILE__, 'slugline_uninstall' );
}

/**
 * Stops sending; rows stay for when it is activated again.
 */
function slugline_deactivate(): void {
	wp_clear_scheduled_hook( 'slugline_send' );
}

/**
 * Leaves nothing behind, on any site of a network.
 */
function slugline_uninstall(): void {
	global $wpdb;
	foreach ( is_multisite() ? get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) : array( 0 ) as $site ) {
		if ( $site ) {
			switch_to_blog( $site );
		}
		$table = Slugline_Outbox::table();
		$wpdb->query( "DROP TABLE IF EXISTS $table" ); // phpcs:ignore WordPress.DB.PreparedSQL.InterpolatedNotPrepared
		foreach ( array( 'schema', 'site', 'url', 'secret', 'saves' ) as $name ) {
			delete_option( "slugline_$name" );
		}
		delete_post_meta_by_key( Slugline_Version::META );
		wp_clear_scheduled_hook( 'slugline_send' );
		if ( $site ) {
			restore_current_blog();
		}
	}
}

register_activation_hook( __FILE__, 'slugline_activate' );
register_deactivation_hook( __FILE__, 'slugline_deactivate' );
add_action( 'plugins_loaded', array( 'Slugline_Outbox', 'check' ) );
Slugline_Changes::listen();
Slugline_Version::listen();
Slugline_Sender::listen();
Slugline_Settings::listen();
