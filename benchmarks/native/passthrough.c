/* The rival of benchmarks/fastfile.py: one file shown through libfuse's low-level interface, its
 * bytes spliced from the file below, as libfuse's own example passthrough_ll does it.
 *
 * gcc -O2 -I/usr/include/fuse3 passthrough.c -o passthrough -lfuse3 -lpthread
 * passthrough FOLDER_BELOW MOUNTPOINT -f -o ro,max_read=524288
 * FOLDER_BELOW holds files alone; they stand at the root of the mount.
 */
#define FUSE_USE_VERSION 34
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOREVER 86400.0
#define READ (512 << 10) /* with its header it fits into a pipe of 1 MiB; 1 MiB itself is copied */
#define FILES 4096

static int below;
static char *names[FILES]; /* the file of node n is names[n - 2] */
static size_t count;

static int status_of(fuse_ino_t node, struct stat *status)
{
	const char *path = node == FUSE_ROOT_ID ? "." : names[node - 2];
	int result = fstatat(below, path, status, 0);
	status->st_ino = node;
	return result;
}

static void init(void *data, struct fuse_conn_info *connection)
{
	(void)data;
	connection->want |= connection->capable &
			    (FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE | FUSE_CAP_ASYNC_READ);
	connection->max_read = READ;
	connection->max_readahead = 1 << 20;
}

static void lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = {.attr_timeout = FOREVER, .entry_timeout = FOREVER};
	(void)parent;
	for (size_t i = 0; i < count && !entry.ino; i++)
		if (strcmp(names[i], name) == 0)
			entry.ino = i + 2;
	if (!entry.ino && count < FILES && faccessat(below, name, R_OK, 0) == 0) {
		names[count++] = strdup(name);
		entry.ino = count + 1;
	}
	if (!entry.ino || status_of(entry.ino, &entry.attr) != 0)
		fuse_reply_err(request, ENOENT);
	else
		fuse_reply_entry(request, &entry);
}

static void getattr(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info)
{
	struct stat status;
	(void)info;
	if (status_of(node, &status) != 0)
		fuse_reply_err(request, errno);
	else
		fuse_reply_attr(request, &status, FOREVER);
}

static void open_file(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info)
{
	int descriptor = openat(below, names[node - 2], O_RDONLY | O_CLOEXEC);
	if (descriptor < 0) {
		fuse_reply_err(request, errno);
		return;
	}
	info->fh = descriptor;
	info->keep_cache = 1;
	fuse_reply_open(request, info);
}

static void read_file(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset,
		      struct fuse_file_info *info)
{
	struct fuse_bufvec bytes = FUSE_BUFVEC_INIT(size);
	(void)node;
	bytes.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
	bytes.buf[0].fd = info->fh;
	bytes.buf[0].pos = offset;
	fuse_reply_data(request, &bytes, FUSE_BUF_SPLICE_MOVE);
}

static void release(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info)
{
	(void)node;
	close(info->fh);
	fuse_reply_err(request, 0);
}

static const struct fuse_lowlevel_ops operations = {
	.init = init,
	.lookup = lookup,
	.getattr = getattr,
	.open = open_file,
	.read = read_file,
	.release = release,
};

int main(int argc, char *argv[])
{
	if (argc < 3 || (below = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		fprintf(stderr, "usage: %s FOLDER_BELOW MOUNTPOINT [-f] [-o OPTIONS]\n", argv[0]);
		return 2;
	}
	argv[1] = argv[0];
	struct fuse_args arguments = FUSE_ARGS_INIT(argc - 1, argv + 1);
	struct fuse_cmdline_opts options;
	if (fuse_parse_cmdline(&arguments, &options) != 0)
		return 2;
	struct fuse_session *session =
		fuse_session_new(&arguments, &operations, sizeof(operations), NULL);
	if (!session || fuse_set_signal_handlers(session) != 0 ||
	    fuse_session_mount(session, options.mountpoint) != 0)
		return 1;
	struct fuse_loop_config config = {.max_idle_threads = 10};
	int result = fuse_session_loop_mt(session, &config);
	fuse_session_unmount(session);
	fuse_session_destroy(session);
	return result != 0;
}
